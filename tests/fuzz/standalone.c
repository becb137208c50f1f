// A fuzz target without the fuzzer: takes each file named on the command line once.
#include "fuzz.h"

#include <string.h>

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return 1;
	}
	static uint8_t data[1 << 20];
	size_t size = fread(data, 1, sizeof(data), file);
	fclose(file);
	// A copy of its exact size, as libFuzzer gives.
	uint8_t *copy = malloc(size + !size);
	if (copy) {
		memcpy(copy, data, size);
		LLVMFuzzerTestOneInput(copy, size);
	}
	free(copy);
	return 0;
}

int main(int count, char **arguments)
{
	int status = 0;
	for (int i = 1; i < count; i++)
		status |= run_file(arguments[i]);
	return status;
}
