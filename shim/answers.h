// Which sockets have sent to a peer in another's place, for whoever else holds one of them: a copy, a child, the parent.
#ifndef SOCKGRAFT_ANSWERS_H
#define SOCKGRAFT_ANSWERS_H

#include <stdbool.h>

// Makes room, which children share. Without memory for it each descriptor knows of itself alone.
void answers_start(void);

// The descriptor's socket has sent to one, or to the very peer by its own name since.
void answers_note(int fd, bool expected);

// Whether the descriptor's socket has, through whichever descriptor.
bool answers_expected(int fd);

#endif
