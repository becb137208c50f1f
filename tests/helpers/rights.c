// Says whether it was started with more rights than its user has, whether libsockgraft.so is loaded, and the TTL of a
// new socket.
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>

int main(void)
{
	char line[4096];
	int ttl = -1, fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t length = sizeof(ttl);
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "/libsockgraft.so")) {
			puts("libsockgraft.so is loaded");
			break;
		}
	getsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, &length);
	printf("secure %lu ttl %d\n", getauxval(AT_SECURE), ttl);
	return 0;
}
