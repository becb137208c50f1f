// A program that does nothing: what is left of its start is the loader's work and the preload library's.
//
//	tiny        ends at once
//	tiny wait   says so with an empty line, and waits to be looked at
#include <unistd.h>

int main(int count, char **arguments)
{
	(void)arguments;
	if (count > 1 && write(STDOUT_FILENO, "\n", 1) == 1)
		pause();
	return 0;
}
