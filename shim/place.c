// Values on a socket.
#include "place.h"

#include "../core/kernel.h"
#include "../core/text.h"
#include "exits.h"

#include <errno.h>
#include <string.h>

struct placing {
	struct subject *subject;
	const struct plan *before, *now;
	bool tos_set; // which sets the priority too (ip(7))
};

// Whether the program has set it itself, and the policy's value is only a default.
static bool is_programs(const struct placing *placing, const struct setting *setting, enum held held)
{
	return setting->fallback && descriptor_own(placing->subject->fd) & 1U << held;
}

// The setting of `key` that has to be placed, or NULL if there is none or it is placed already.
static const struct setting *fresh(const struct placing *placing, enum policy_key key, enum held held)
{
	const struct setting *setting = placing->now->values[key];
	bool again = key == KEY_PRIORITY && placing->tos_set;
	if (!setting || (placing->before && placing->before->values[key] == setting && !again))
		return NULL;
	return is_programs(placing, setting, held) ? NULL : setting;
}

// What the policy holds on to from now on, unless it is a default.
static void hold(struct subject *subject, const struct setting *setting, enum held held)
{
	subject->state &= ~HELD(held);
	if (!setting->fallback)
		subject->state |= HELD(held);
}

// Reports how placing `word`=`value` went. What waits for its interface is held on to already.
static int report(struct subject *subject, const struct setting *setting, enum held held, const char *value,
        int error, const char *advice)
{
	if (!error || error == -ENODEV)
		hold(subject, setting, held);
	char buffer[128];
	struct text what = TEXT_IN(buffer);
	text_put(&what, policy_key_words[setting->key]);
	text_put(&what, "=");
	text_put(&what, value);
	if (error == -ENODEV) // an interface that is not there yet
		subject->state |= PENDING;
	if (error)
		return report_refused(subject, buffer, error, advice);
	subject->state |= GOVERNED;
	report_placed(subject, buffer, setting->origin);
	return 0;
}

static int report_number(struct subject *subject, const struct setting *setting, enum held held,
        int64_t value, int error, const char *advice)
{
	char digits[24];
	struct text text = TEXT_IN(digits);
	text_put_number(&text, value);
	return report(subject, setting, held, digits, error, advice);
}

static const char *advice_for(enum policy_key key)
{
	switch (key) {
	case KEY_MARK:
		return "it takes CAP_NET_ADMIN or, since Linux 5.17, CAP_NET_RAW";
	case KEY_PRIORITY:
		return "above 6 it takes CAP_NET_ADMIN";
	case KEY_RCVBUF:
		return "net.core.rmem_max is smaller: raise it, or give the program CAP_NET_ADMIN";
	case KEY_SNDBUF:
		return "net.core.wmem_max is smaller: raise it, or give the program CAP_NET_ADMIN";
	case KEY_DEVICE:
		return "no such interface yet (tried again at this socket's next calls), or, to leave another device, no "
		       "CAP_NET_RAW";
	case KEY_INTERFACE:
		return "the interface is not there yet; tried again at this socket's next calls";
	default:
		return NULL;
	}
}

int place_on_sides(const struct subject *subject, enum graft_option option, int64_t value)
{
	const struct graft_option_row *row = &graft_option_rows[option];
	if (row->column[GRAFT_IPV4].level == SOL_SOCKET)
		return graft_side_set(subject->fd, option, GRAFT_IPV4, value);
	int error = 0;
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6 && !error; side++)
		if (row->column[side].name && state_has_side(subject->state, side))
			error = graft_side_set(subject->fd, option, side, value);
	return error;
}

static bool makes_sense(const struct subject *subject, enum graft_option option)
{
	const struct graft_option_row *row = &graft_option_rows[option];
	if (row->kinds == GRAFT_KIND_MESSAGE && !subject_is_message(subject))
		return false;
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6; side++)
		if (row->column[side].name && state_has_side(subject->state, side))
			return true;
	return false;
}

static int place_option(const struct placing *placing, enum graft_option option)
{
	const struct setting *setting = fresh(placing, (enum policy_key)option, (enum held)option);
	if (!setting || !makes_sense(placing->subject, option))
		return 0;
	int64_t value = setting->value.number;
	bool buffer = option == GRAFT_RCVBUF || option == GRAFT_SNDBUF;
	int error = buffer ? graft_buffer_set(placing->subject->fd, option, value)
	                   : place_on_sides(placing->subject, option, value);
	return report_number(placing->subject, setting, (enum held)option, value, error,
	        advice_for((enum policy_key)option));
}

// The traffic class byte of one side, out of tos or tclass (the whole byte) and dscp (its upper six bits).
static int place_class(struct placing *placing, enum graft_option option, enum graft_side side)
{
	const struct setting *whole = placing->now->values[option], *dscp = placing->now->values[KEY_DSCP];
	const struct setting *cause = fresh(placing, KEY_DSCP, (enum held)option);
	if (!cause)
		cause = fresh(placing, (enum policy_key)option, (enum held)option);
	if (!cause || !state_has_side(placing->subject->state, side))
		return 0;
	int fd = placing->subject->fd, error = 0;
	int64_t value = 0;
	if (whole && is_programs(placing, whole, (enum held)option))
		whole = NULL;
	if (dscp && is_programs(placing, dscp, (enum held)option))
		dscp = NULL;
	if (whole)
		value = whole->value.number;
	else
		error = graft_side_get(fd, option, side, &value);
	if (value < 0) // IPV6_TCLASS that was never set reads as -1 on old kernels
		value = 0;
	if (dscp)
		value = dscp->value.number << 2 | (value & 3);
	if (!error)
		error = graft_side_set(fd, option, side, value);
	placing->tos_set |= side == GRAFT_IPV4;
	if (!error && whole)
		hold(placing->subject, whole, (enum held)option);
	if (!error && dscp)
		hold(placing->subject, dscp, HELD_DSCP);
	bool other_side_follows = cause->key == KEY_DSCP && side == GRAFT_IPV4 &&
	                          state_has_side(placing->subject->state, GRAFT_IPV6);
	if (other_side_follows && !error)
		return 0;
	enum held held = cause == dscp ? HELD_DSCP : (enum held)option;
	return report_number(placing->subject, cause, held, cause->value.number, error, NULL);
}

static int place_reuse(const struct placing *placing)
{
	static const struct {
		enum reuse_bits bit;
		enum held held;
		int option;
		char text[8];
	} rows[] = {{REUSE_ADDR, HELD_REUSE_ADDR, SO_REUSEADDR, "addr"},
	        {REUSE_PORT, HELD_REUSE_PORT, SO_REUSEPORT, "port"}};
	int error = 0;
	for (size_t i = 0; !error && i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct setting *setting = fresh(placing, KEY_REUSE, rows[i].held);
		if (!setting || !(setting->value.number & rows[i].bit))
			continue;
		int on = 1;
		int result =
		        kernel_setsockopt(placing->subject->fd, SOL_SOCKET, rows[i].option, &on, sizeof(on));
		error = report(placing->subject, setting, rows[i].held, rows[i].text, result, NULL);
	}
	return error;
}

static int place_device(const struct placing *placing)
{
	const struct setting *setting = fresh(placing, KEY_DEVICE, HELD_DEVICE);
	if (!setting)
		return 0;
	const char *name = setting->value.name;
	int error = kernel_setsockopt(
	        placing->subject->fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1);
	return report(placing->subject, setting, HELD_DEVICE, name, error, advice_for(KEY_DEVICE));
}

// The interfaces as they are written: "eth0+eth1".
static void put_interfaces(struct text *text, const struct setting *setting)
{
	char buffer[GRAFT_INTERFACE_TEXT];
	for (unsigned i = 0; i < setting->value.interfaces.count; i++) {
		text_put(text, i ? "+" : "");
		text_put(text, graft_interface_text(&setting->value.interfaces.items[i], buffer));
	}
}

// The first of them is the socket's own multicast interface; with several each datagram is sent on each (outgoing.c). A
// socket that is bound to a device takes no other (EINVAL); but IPv4 lets each datagram say one, and so has several where
// the device is the program's.
static int set_first(const struct subject *subject, const struct exits *exits)
{
	int error = exits->count ? 0 : -ENODEV;
	for (enum graft_side side = GRAFT_IPV4; side <= GRAFT_IPV6 && !error; side++)
		if (state_has_side(subject->state, side))
			error = graft_side_multicast_interface_set(subject->fd, side, exits->list[0].index);
	bool by_datagram = exits->count > 1 && !(subject->state & (INET6 | HELD(HELD_DEVICE)));
	return error == -EINVAL && by_datagram ? 0 : error;
}

// All is left to the program's device. To that a default gives way without a word.
static int leave_to_device(
        struct subject *subject, const struct setting *setting, const char *interfaces, int error)
{
	char why[EXITS_HINT];
	subject->state &= ~(SPREADS | HELD(HELD_INTERFACE));
	if (setting->fallback)
		return 0;
	return report(subject, setting, HELD_INTERFACE, interfaces, error, exits_hint(subject, error, why));
}

static int place_interface(const struct placing *placing)
{
	const struct setting *setting = fresh(placing, KEY_INTERFACE, HELD_INTERFACE);
	struct subject *subject = placing->subject;
	if (!setting || !subject_is_message(subject))
		return 0;
	struct exits exits;
	bool missing;
	exits_place(subject, setting, &exits, &missing);
	int error = set_first(subject, &exits);
	subject->state &= ~(uint64_t)SPREADS;
	if (setting_is_several(setting))
		subject->state |= SPREADS;
	char buffer[128];
	struct text text = TEXT_IN(buffer);
	put_interfaces(&text, setting);
	if (error == -EINVAL)
		return leave_to_device(subject, setting, buffer, error);
	if (!error && missing) {
		subject->state |= PENDING;
		error = -ENODEV;
	}
	return report(subject, setting, HELD_INTERFACE, buffer, error, advice_for(KEY_INTERFACE));
}

int place_values(struct subject *subject, const struct plan *before, const struct plan *now)
{
	struct placing placing = {subject, before, now, false};
	int error = place_reuse(&placing);
	if (!error)
		error = place_device(&placing);
	if (!error)
		error = place_class(&placing, GRAFT_TOS, GRAFT_IPV4);
	if (!error)
		error = place_class(&placing, GRAFT_TCLASS, GRAFT_IPV6);
	for (enum graft_option option = 0; option < (enum graft_option)GRAFT_KEYED_OPTIONS && !error;
	        option++)
		if (option != GRAFT_TOS && option != GRAFT_TCLASS)
			error = place_option(&placing, option);
	if (!error)
		error = place_interface(&placing);
	return error;
}

int place_key_again(struct subject *subject, enum policy_key key)
{
	struct plan before, now;
	plan_make(&now, &policy, &subject->facts);
	if (!now.values[key])
		return 0;
	before = now;
	before.values[key] = NULL;
	return place_values(subject, &before, &now);
}
