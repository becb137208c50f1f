// sockgraft doctor: "joined, but nothing arrives", step by step.
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "doctor.h"
#include "findings.h"
#include "host_checks.h"
#include "json.h"
#include "policy_checks.h"

enum { ARENA_SIZE = 1 << 16 };

// ---- steps ----------------------------------------------------------------------------------------------

// Text comes as it is found out; JSON is one document at the end.
static void step_ends(const struct doctor *doctor)
{
	if (!doctor->json)
		findings_print();
}

static void find_interfaces(struct doctor *doctor)
{
	const struct membership *membership = &doctor->membership;
	if (!membership->interface_count) {
		doctor->indexes[0] = check_route(&membership->group);
		doctor->index_count = doctor->indexes[0] > 0;
	}
	for (unsigned i = 0; i < membership->interface_count; i++) {
		unsigned *place = doctor->indexes + doctor->index_count;
		unsigned found = resolve_interface(
		        &membership->interfaces[i], place, INDEXES_AT_MOST - doctor->index_count);
		check_found(&membership->interfaces[i], found);
		doctor->index_count += found;
	}
}

static void check_filter(const struct host_interface *interface)
{
	char setting[SETTING_TEXT];
	long filter = host_rp_filter(interface->name);
	if (filter != 1) {
		finding(FINDING_OK, "rp-filter", "rp_filter is %ld on %s", filter < 0 ? 0 : filter,
		        interface->name);
		return;
	}
	finding(FINDING_NOTE, "rp-filter", "rp_filter is 1 on %s", interface->name);
	finding_means("what is sent by a source whose route back leaves by another interface is dropped");
	finding_mend("sysctl -w %s=2", setting_name("ipv4", interface->name, "rp_filter", setting));
}

static void check_interface(const struct doctor *doctor, unsigned index)
{
	const struct membership *membership = &doctor->membership;
	int family = membership->group.any.sa_family;
	struct host_interface interface;
	if (!host_interface(index, &interface))
		return;
	check_link(&interface);
	check_address(&interface, family);
	if (doctor->send)
		return;
	check_version(&interface, family, membership->source_count);
	if (family == AF_INET && !membership->source_count)
		check_filter(&interface);
	for (unsigned i = 0; i < membership->source_count && !membership->exclude; i++)
		check_source(&interface, &membership->sources[i]);
}

static void check_limits(int family)
{
	long sources = host_setting("ipv6/mld_max_msf");
	if (family != AF_INET6)
		finding(FINDING_OK, "limits", "a socket may join %ld IPv4 groups, with %ld sources each",
		        host_setting("ipv4/igmp_max_memberships"), host_setting("ipv4/igmp_max_msf"));
	if (family != AF_INET && sources >= 0) // of the first network namespace, for all
		finding(FINDING_OK, "limits", "a socket may name %ld sources of an IPv6 group", sources);
}

static void diagnose_group(struct doctor *doctor)
{
	find_interfaces(doctor);
	for (unsigned i = 0; i < doctor->index_count; i++)
		check_interface(doctor, doctor->indexes[i]);
	check_range(&doctor->membership);
	if (!doctor->send)
		check_limits(doctor->membership.group.any.sa_family);
	check_source_count(&doctor->membership.group, doctor->membership.source_count);
	check_firewall(doctor->membership.group.any.sa_family);
	if (!doctor->send && !doctor->receive)
		check_members(doctor);
	step_ends(doctor);
	if (doctor->send)
		path_send(doctor);
	else if (doctor->receive)
		path_receive(doctor);
	else
		listen_for_all(doctor);
}

static void check_any(const struct host_interface *interface)
{
	if (interface->flags & IFF_LOOPBACK)
		return;
	if (!(interface->flags & IFF_UP)) {
		finding(FINDING_NOTE, "interface-down", "%s is down", interface->name);
		finding_mend("ip link set %s up", interface->name);
		return;
	}
	check_link(interface);
	check_address(interface, AF_INET);
	check_address(interface, AF_INET6);
	check_version(interface, AF_INET, false);
	check_version(interface, AF_INET6, false);
	check_filter(interface);
}

static void check_drops(void)
{
	struct host_sockets sockets = host_udp_sockets(AF_INET, 0);
	if (!sockets.drops) {
		finding(FINDING_OK, "socket-drops", "no UDP socket here has dropped anything");
		return;
	}
	finding(FINDING_NOTE, "socket-drops", "UDP sockets here have dropped %llu datagrams so far",
	        sockets.drops);
	finding_means("their buffers were full: some program reads too slowly");
	finding_mend("ss -uanpm, which tells the drops (d) of each");
}

static void diagnose_host(struct doctor *doctor)
{
	unsigned count;
	const struct host_interface *all = host_interfaces(&count);
	doctor->index_count = 0;
	for (unsigned i = 0; i < count; i++)
		if (!(all[i].flags & IFF_LOOPBACK) && all[i].flags & IFF_UP &&
		        doctor->index_count < INDEXES_AT_MOST)
			doctor->indexes[doctor->index_count++] = all[i].index;
	for (unsigned i = 0; i < count; i++)
		check_any(&all[i]);
	check_limits(AF_UNSPEC);
	check_drops();
	check_firewall(AF_UNSPEC);
	step_ends(doctor);
	listen_for_all(doctor);
}

static int diagnose(struct doctor *doctor)
{
	if (doctor->target)
		diagnose_group(doctor);
	else
		diagnose_host(doctor);
	step_ends(doctor);
	if (doctor->json) {
		json_open_object(NULL);
		json_text("target", doctor->target);
		findings_json();
		paths_json();
		json_close_object();
		json_end();
	}
	return findings_count(FINDING_WARNING) + findings_count(FINDING_ERROR) ? EXIT_FINDINGS : 0;
}

// ---- options --------------------------------------------------------------------------------------------

static bool number(const char *text, unsigned least, unsigned most, unsigned *value)
{
	char *end;
	unsigned long found = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || found < least || found > most)
		return false;
	*value = (unsigned)found;
	return true;
}

// Seconds, with a fraction, up to a day.
static bool seconds(const char *text, int64_t *time)
{
	char *end;
	double found = strtod(text, &end);
	if (end == text || *end || !(found >= 0) || found > 86400)
		return false;
	*time = (int64_t)(found * SECOND);
	return true;
}

// `name` takes a value: true, and `value` is that. *at is at the last of both.
static bool is_valued(int count, char **arguments, int *at, const char *name, const char **value)
{
	size_t length = strlen(name);
	const char *argument = arguments[*at];
	if (strncmp(argument, name, length) != 0 || (argument[length] && argument[length] != '='))
		return false;
	*value = argument[length] ? argument + length + 1 : *at + 1 < count ? arguments[++*at] : "";
	return true;
}

static bool complain_value(const char *name, const char *value, const char *expected)
{
	complain("%s: \"%s\": expected %s", name, value, expected);
	return false;
}

static bool take_valued(int count, char **arguments, int *at, struct doctor *doctor)
{
	const char *value;
	unsigned port;
	if (is_valued(count, arguments, at, "--port", &value)) {
		if (!number(value, 1, 65535, &port))
			return complain_value("--port", value, "a port from 1 to 65535");
		doctor->port = (uint16_t)port;
		return true;
	}
	if (is_valued(count, arguments, at, "--time", &value))
		return seconds(value, &doctor->time) || complain_value("--time", value, "seconds");
	doctor->for_sending = arguments[*at];
	if (is_valued(count, arguments, at, "--count", &value))
		return number(value, 1, DOCTOR_COUNT_AT_MOST, &doctor->count) ||
		       complain_value("--count", value, "a number from 1 to 1048576");
	if (is_valued(count, arguments, at, "--ttl", &value))
		return number(value, 1, 255, &doctor->hops) ||
		       complain_value("--ttl", value, "a number from 1 to 255");
	if (is_valued(count, arguments, at, "--interval", &value))
		return seconds(value, &doctor->interval) || complain_value("--interval", value, "seconds");
	complain("%s: no such option", arguments[*at]);
	return false;
}

static bool take_option(int count, char **arguments, int *at, struct doctor *doctor)
{
	const char *argument = arguments[*at];
	bool send = !strcmp(argument, "--send"), receive = !strcmp(argument, "--receive"),
	     json = !strcmp(argument, "--json");
	doctor->send |= send;
	doctor->receive |= receive;
	doctor->json |= json;
	return send || receive || json || take_valued(count, arguments, at, doctor);
}

static bool take_target(const char *text, struct doctor *doctor)
{
	static _Alignas(max_align_t) char memory[ARENA_SIZE];
	static struct policy policy;
	struct policy_error error;
	struct arena arena = {.start = memory, .size = sizeof(memory)};
	struct reader reader = {.policy = &policy, .arena = &arena, .error = &error};
	if (doctor->target) {
		complain("%s: expected only one group", text);
		return false;
	}
	doctor->target = text;
	bool read = membership_parse(&reader, span_of(text), GROUP_ONLY, &doctor->membership);
	doctor->membership.origin = "as given"; // findings of a policy say where it stands
	if (read)
		return true;
	complain("%s", error.text);
	return false;
}

static bool goes_together(const struct doctor *doctor)
{
	bool path = doctor->send || doctor->receive;
	if (doctor->send && doctor->receive)
		complain("--send and --receive: expected only one of them");
	else if (path && !doctor->target)
		complain("--%s: expected a group", doctor->send ? "send" : "receive");
	else if (doctor->for_sending && !doctor->send)
		complain("%s: it is for --send", doctor->for_sending);
	else if (doctor->send && doctor->time >= 0)
		complain("--time: --send takes as long as --count and --interval say");
	else
		return true;
	return false;
}

// What was left open, and whether it goes together.
static bool complete(struct doctor *doctor)
{
	bool path = doctor->send || doctor->receive;
	uint16_t port = doctor->target ? membership_port(&doctor->membership) : 0;
	if (!goes_together(doctor))
		return false;
	doctor->port = doctor->port ? doctor->port : port ? port : path ? DOCTOR_PORT : 0;
	if (doctor->time < 0)
		doctor->time = (doctor->receive ? 30 : 3) * SECOND;
	return true;
}

int command_doctor(int count, char **arguments)
{
	static struct doctor doctor = {.time = -1, .interval = SECOND / 10, .count = 10, .hops = DOCTOR_HOPS};
	if (wants_help("doctor", count, arguments))
		return 0;
	for (int at = 1; at < count; at++) {
		bool option = arguments[at][0] == '-' && arguments[at][1];
		if (option ? !take_option(count, arguments, &at, &doctor)
		           : !take_target(arguments[at], &doctor))
			return EXIT_USAGE;
	}
	if (!complete(&doctor))
		return usage("doctor");
	return diagnose(&doctor);
}
