// SOCKGRAFT_INHERIT=no: children start without the shim.
#ifndef SOCKGRAFT_INHERIT_H
#define SOCKGRAFT_INHERIT_H

// Takes this library out of LD_PRELOAD in the environment that children will get, and leaves the rest of it
// as it was; a list that named nothing else goes altogether.
void leave_children_alone(void);

#endif
