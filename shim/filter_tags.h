// What the tag of our packet filters says (struct graft_filter_identity), to whoever reads one back.
#ifndef SOCKGRAFT_FILTER_TAGS_H
#define SOCKGRAFT_FILTER_TAGS_H

enum {
	TAG_CLOSED =
	        1, // the socket is bound more widely than the program asked, which the address of the identity is
	TAG_SOURCED = 2, // what is sent leaves from that address
};

#endif
