// A library that stands before dlsym, as tracers do, and makes a call of its own from within the first look-up.
#include <dlfcn.h>
#include <stdbool.h>
#include <unistd.h>

#ifdef __GLIBC__ // musl has no dlvsym
typedef void *look_up(void *handle, const char *name);

static look_up *find_behind(void)
{
	static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5", "GLIBC_2.0"};
	void *found = NULL;
	for (unsigned i = 0; i < sizeof(versions) / sizeof(*versions) && !found; i++)
		found = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	return (look_up *)found;
}

__attribute__((visibility("default"))) void *dlsym(void *restrict handle, const char *restrict name)
{
	static look_up *behind;
	static bool called;
	if (!behind)
		behind = find_behind();
	if (!called) {
		called = true;
		close(-1);
	}
	return behind(handle, name);
}
#endif
