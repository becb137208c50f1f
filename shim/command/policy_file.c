#include "policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

long policy_file_read(const char *path, struct arena *arena, const char **content)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	long length = fstat(fd, &status)                     ? -errno
	              : !S_ISREG(status.st_mode)             ? -EINVAL
	              : status.st_size > POLICY_FILE_AT_MOST ? -EFBIG
	                                                     : (long)status.st_size;
	char *bytes = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
	if (length >= 0)
		length = bytes ? read(fd, bytes, (size_t)length) : -ENOMEM;
	if (length == -1)
		length = -errno;
	close(fd);
	*content = bytes;
	return length;
}
