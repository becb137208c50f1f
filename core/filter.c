// Packet filters in classic BPF that admit datagrams by destination, interface and source.
//
// A filter's layout:
//
//     ja over the identity
//     ld #imm ...      the identity: data, never executed, that graft_filter_identify reads back
//     ld, tax          what every block asks first: the destination of an IPv4 socket's datagram, or the version
//                      of IP, kept in X; loading from the datagram is by far the dearest thing here
//     ...              a block for each address and group: a mismatch goes to the next block, a match to the end
//     ret 0            the rest refused; or nothing, the rest admitted
//     ret all          the end; or the inner filter
//
// Forward jumps are first written with one of the labels below in place of the distance. Every conditional is
// "equal: skip the next instruction", followed by a jump of 32 bits: no distance is ever too long for the
// eight bits of a conditional one.
#include "sockgraft.h"

#include "kernel.h"

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stddef.h>
#include <string.h>

enum { LOOPBACK_INDEX = 1 }; // in every network namespace

enum label { TO_END = 0x7ffffff0, TO_NEXT_BLOCK, TO_NEXT_SOURCE };

// The identity's words.
enum { MAGIC, TAIL, TAG, FAMILY, ZONE, ADDRESS, IDENTITY_WORDS = ADDRESS + 4 };

static const uint32_t magic = 0x73677231; // "sgr1": another layout needs another number

static void emit(struct graft_filter *filter, unsigned code, unsigned true_skip, unsigned k)
{
	if (filter->length == filter->room) {
		filter->full = true;
		return;
	}
	filter->code[filter->length++] =
	        (struct sock_filter){(unsigned short)code, (unsigned char)true_skip, 0, k};
}

static void emit_jump(struct graft_filter *filter, enum label label)
{
	emit(filter, BPF_JMP | BPF_JA, 0, label);
}

// The jumps to `label` since instruction `from` come here.
static void land(struct graft_filter *filter, unsigned from, enum label label)
{
	for (unsigned i = from; i < filter->length; i++)
		if (filter->code[i].code == (BPF_JMP | BPF_JA) && filter->code[i].k == (uint32_t)label)
			filter->code[i].k = filter->length - i - 1;
}

static void require_equal(struct graft_filter *filter, uint32_t value, enum label otherwise)
{
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, value);
	emit_jump(filter, otherwise);
}

static uint32_t word_of(const union graft_address *address, unsigned word)
{
	uint32_t value;
	if (address->any.sa_family == AF_INET)
		value = address->v4.sin_addr.s_addr;
	else
		memcpy(&value, &address->v6.sin6_addr.s6_addr[word * 4], sizeof(value));
	return ntohl(value);
}

static unsigned words_of(const union graft_address *address)
{
	return address->any.sa_family == AF_INET ? 1 : 4;
}

// The address at `offset` of the network header must be `address`.
static void require_address(
        struct graft_filter *filter, size_t offset, const union graft_address *address, enum label otherwise)
{
	for (unsigned word = 0; word < words_of(address); word++) {
		emit(filter, BPF_LD | BPF_W | BPF_ABS, 0,
		        (uint32_t)SKF_NET_OFF + (uint32_t)offset + word * 4);
		require_equal(filter, word_of(address, word), otherwise);
	}
}

// An AF_INET6 socket sees datagrams of either version.
static void keep_first_question(struct graft_filter *filter)
{
	if (filter->family == AF_INET6) {
		emit(filter, BPF_LD | BPF_B | BPF_ABS, 0, (uint32_t)SKF_NET_OFF);
		emit(filter, BPF_ALU | BPF_AND | BPF_K, 0, 0xf0);
	} else {
		emit(filter, BPF_LD | BPF_W | BPF_ABS, 0,
		        (uint32_t)SKF_NET_OFF + offsetof(struct iphdr, daddr));
	}
	emit(filter, BPF_MISC | BPF_TAX, 0, 0);
}

static void require_destination(struct graft_filter *filter, const union graft_address *address)
{
	bool v4 = address->any.sa_family == AF_INET;
	emit(filter, BPF_MISC | BPF_TXA, 0, 0);
	if (filter->family == AF_INET) {
		require_equal(filter, word_of(address, 0), TO_NEXT_BLOCK);
		return;
	}
	require_equal(filter, v4 ? 0x40 : 0x60, TO_NEXT_BLOCK);
	require_address(filter, v4 ? offsetof(struct iphdr, daddr) : offsetof(struct ip6_hdr, ip6_dst),
	        address, TO_NEXT_BLOCK);
}

static void load_interface(struct graft_filter *filter)
{
	emit(filter, BPF_LD | BPF_W | BPF_ABS, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
}

static void require_interface(struct graft_filter *filter, unsigned index)
{
	load_interface(filter);
	require_equal(filter, index, TO_NEXT_BLOCK);
}

// What the host sends to itself comes in on the loopback, whatever the zone.
static void require_zone(struct graft_filter *filter, unsigned index)
{
	load_interface(filter);
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 2, LOOPBACK_INDEX);
	require_equal(filter, index, TO_NEXT_BLOCK);
}

static void emit_return(struct graft_filter *filter, uint32_t bytes)
{
	emit(filter, BPF_RET | BPF_K, 0, bytes);
}

static void put_identity(struct graft_filter *filter, const struct graft_filter_identity *identity)
{
	const union graft_address *address = &identity->address;
	uint32_t words[IDENTITY_WORDS] = {
	        [MAGIC] = magic, [TAG] = identity->tag, [FAMILY] = address->any.sa_family};
	for (unsigned word = 0; address->any.sa_family && word < words_of(address); word++)
		words[ADDRESS + word] = word_of(address, word);
	if (address->any.sa_family == AF_INET6)
		words[ZONE] = address->v6.sin6_scope_id;
	emit(filter, BPF_JMP | BPF_JA, 0, IDENTITY_WORDS);
	for (unsigned word = 0; word < IDENTITY_WORDS; word++)
		emit(filter, BPF_LD | BPF_IMM, 0, words[word]);
}

void graft_filter_begin(struct graft_filter *filter, struct sock_filter *code, unsigned room, int family,
        const struct graft_filter_identity *identity)
{
	*filter = (struct graft_filter){.code = code, .room = room, .family = family};
	put_identity(filter, identity);
	keep_first_question(filter);
}

static union graft_address unmapped(const union graft_address *address)
{
	union graft_address plain = *address;
	graft_address_unmap(&plain);
	return plain;
}

void graft_filter_admit_address(struct graft_filter *filter, const union graft_address *address)
{
	unsigned block = filter->length;
	union graft_address plain = unmapped(address);
	require_destination(filter, &plain);
	if (plain.any.sa_family == AF_INET6 && graft_address_is_link_local(&plain) && plain.v6.sin6_scope_id)
		require_zone(filter, plain.v6.sin6_scope_id);
	emit_jump(filter, TO_END);
	land(filter, block, TO_NEXT_BLOCK);
}

static void test_source(struct graft_filter *filter, const union graft_address *source, bool exclude)
{
	bool v4 = source->any.sa_family == AF_INET;
	size_t offset = v4 ? offsetof(struct iphdr, saddr) : offsetof(struct ip6_hdr, ip6_src);
	unsigned start = filter->length;
	require_address(filter, offset, source, TO_NEXT_SOURCE);
	emit_jump(filter, exclude ? TO_NEXT_BLOCK : TO_END); // another block may admit it
	land(filter, start, TO_NEXT_SOURCE);
}

void graft_filter_admit_group(struct graft_filter *filter, const union graft_address *group, unsigned index,
        bool exclude, const union graft_address *sources, unsigned source_count)
{
	unsigned block = filter->length;
	union graft_address plain = unmapped(group);
	require_destination(filter, &plain);
	if (index)
		require_interface(filter, index);
	for (unsigned i = 0; i < source_count; i++) {
		union graft_address source = unmapped(&sources[i]);
		test_source(filter, &source, exclude);
	}
	emit_jump(filter, exclude || !source_count ? TO_END : TO_NEXT_BLOCK);
	land(filter, block, TO_NEXT_BLOCK);
}

void graft_filter_refuse_group(struct graft_filter *filter, const union graft_address *group)
{
	unsigned block = filter->length;
	union graft_address plain = unmapped(group);
	require_destination(filter, &plain);
	emit_return(filter, 0);
	land(filter, block, TO_NEXT_BLOCK);
}

static void put_inner(struct graft_filter *filter, const struct sock_filter *inner, unsigned inner_length)
{
	if (filter->length + inner_length > filter->room) {
		filter->full = true;
		return;
	}
	memcpy(filter->code + filter->length, inner, inner_length * sizeof(*inner));
	filter->length += inner_length;
}

// What comes after our part: whoever is admitted goes through `inner`, or in.
static int put_tail(struct graft_filter *filter, const struct sock_filter *inner, unsigned inner_length)
{
	if (inner) {
		// It may count on both registers being zero, as they are when a program starts.
		emit(filter, BPF_LD | BPF_IMM, 0, 0);
		emit(filter, BPF_MISC | BPF_TAX, 0, 0);
		put_inner(filter, inner, inner_length);
	} else {
		emit_return(filter, UINT32_MAX);
	}
	return filter->full ? -E2BIG : 0;
}

int graft_filter_end(
        struct graft_filter *filter, bool admit_rest, const struct sock_filter *inner, unsigned inner_length)
{
	if (!admit_rest)
		emit_return(filter, 0);
	land(filter, 0, TO_END);
	if (!filter->full)
		filter->code[1 + TAIL].k = filter->length;
	return put_tail(filter, inner, inner_length);
}

int graft_filter_replace_inner(
        struct graft_filter *filter, unsigned length, const struct sock_filter *inner, unsigned inner_length)
{
	struct graft_filter_identity identity;
	unsigned old_inner;
	if (!graft_filter_identify(filter->code, length, &identity, &old_inner))
		return -EINVAL;
	filter->length = filter->code[1 + TAIL].k;
	return put_tail(filter, inner, inner_length);
}

static void read_identity(const struct sock_filter *words, struct graft_filter_identity *identity)
{
	union graft_address *address = &identity->address;
	*identity = (struct graft_filter_identity){
	        .address.any.sa_family = (sa_family_t)words[FAMILY].k, .tag = words[TAG].k};
	for (unsigned word = 0; address->any.sa_family && word < words_of(address); word++) {
		uint32_t value = htonl(words[ADDRESS + word].k);
		if (address->any.sa_family == AF_INET)
			address->v4.sin_addr.s_addr = value;
		else
			memcpy(&address->v6.sin6_addr.s6_addr[word * 4], &value, sizeof(value));
	}
	if (address->any.sa_family == AF_INET6)
		address->v6.sin6_scope_id = words[ZONE].k;
}

bool graft_filter_identify(const struct sock_filter *code, unsigned length,
        struct graft_filter_identity *identity, unsigned *inner)
{
	if (length < 1 + IDENTITY_WORDS + 1 || code[0].code != (BPF_JMP | BPF_JA) ||
	        code[0].k != IDENTITY_WORDS || code[1 + MAGIC].k != magic || code[1 + TAIL].k >= length)
		return false;
	read_identity(code + 1, identity);
	unsigned tail = code[1 + TAIL].k;
	*inner = length == tail + 1 ? length : tail + 2; // a lone ret, or the two registers cleared first
	return true;
}
