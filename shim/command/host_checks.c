#include "host_checks.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "findings.h"

enum { IGMP_MAX_MSF = 10, MLD_MAX_MSF = 64 }; // the kernel's own
enum { LOWER_UP = 1 << 16 };                  // IFF_LOWER_UP is in linux/if.h, which excludes net/if.h

// ---- the link -------------------------------------------------------------------------------------------

void check_link(const struct host_interface *interface)
{
	const char *name = interface->name;
	unsigned carrier = IFF_RUNNING | LOWER_UP;
	if (!(interface->flags & IFF_UP)) {
		finding(FINDING_WARNING, "interface-down", "%s is down", name);
		finding_means("nothing comes in or goes out there");
		finding_mend("ip link set %s up", name);
	} else if ((interface->flags & carrier) != carrier) {
		finding(FINDING_WARNING, "no-carrier", "%s is up, but not running", name);
		finding_means("there is no cable, or the other end of the link is down");
	}
	if (!(interface->flags & IFF_MULTICAST)) {
		finding(FINDING_WARNING, "no-multicast", "%s has no MULTICAST flag", name);
		finding_means("multicast is turned off there, and patterns such as * leave it out");
		finding_mend("ip link set %s multicast on", name);
	}
	if (interface->flags & IFF_UP && interface->flags & IFF_MULTICAST &&
	        (interface->flags & carrier) == carrier)
		finding(FINDING_OK, "interface", "%s is up, running and able to multicast", name);
}

static void check_address4(const struct host_interface *interface)
{
	char text[GRAFT_ADDRESS_TEXT];
	if (interface->ipv4.any.sa_family != AF_UNSPEC) {
		finding(FINDING_OK, "address", "%s has the IPv4 address %s", interface->name,
		        graft_address_text(&interface->ipv4, text));
		return;
	}
	finding(FINDING_WARNING, "no-address", "%s has no IPv4 address", interface->name);
	finding_means("its IGMP reports come from 0.0.0.0, which routers and switches may pass over");
	finding_mend("ip address add ADDRESS/LENGTH dev %s", interface->name);
}

static void check_address6(const struct host_interface *interface)
{
	union graft_address address = interface->link_local;
	char text[GRAFT_ADDRESS_TEXT];
	if (address.any.sa_family != AF_UNSPEC) {
		address.v6.sin6_scope_id = 0;
		finding(FINDING_OK, "address", "%s has the link-local IPv6 address %s", interface->name,
		        graft_address_text(&address, text));
		return;
	}
	finding(FINDING_WARNING, "no-address", "%s has no link-local IPv6 address", interface->name);
	finding_means("its MLD reports come from ::, which routers pass over (RFC 3810, 5.2.13)");
	finding_mend("ip address add fe80::ADDRESS/64 dev %s", interface->name);
}

void check_address(const struct host_interface *interface, int family)
{
	if (interface->flags & IFF_LOOPBACK)
		return; // nobody is told there
	(family == AF_INET ? check_address4 : check_address6)(interface);
}

// ---- routes ---------------------------------------------------------------------------------------------

unsigned check_route(const union graft_address *group)
{
	union graft_address bare = *group;
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE];
	int index = graft_route_interface(group);
	graft_address_set_port(&bare, 0);
	graft_address_text(&bare, text);
	if (index > 0) {
		finding(FINDING_OK, "route", "the route to %s leaves by %s", text,
		        host_interface_name((unsigned)index, name));
		return (unsigned)index;
	}
	finding(FINDING_WARNING, "no-route", "there is no route to %s, and no interface is named for it",
	        text);
	finding_means("it can't be joined or sent to; name one, %s%%INTERFACE, or add a route", text);
	if (bare.any.sa_family == AF_INET6)
		finding_mend("ip -6 route add multicast ff00::/8 dev INTERFACE table local");
	else
		finding_mend("ip route add 224.0.0.0/4 dev INTERFACE");
	return 0;
}

// Slashes where the interface's name has dots.
const char *setting_name(const char *version, const char *interface, const char *key, char text[SETTING_TEXT])
{
	const char *form = strchr(interface, '.') ? "net/%s/conf/%s/%s" : "net.%s.conf.%s.%s";
	// NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): one of the two above
	snprintf(text, SETTING_TEXT, form, version, interface, key);
	return text;
}

static void no_way_back(const struct host_interface *interface, const char *source, long filter)
{
	finding(FINDING_WARNING, "rp-filter",
	        "there is no route back to the source %s, and rp_filter is %ld on %s", source, filter,
	        interface->name);
	finding_means("the kernel drops what it sends");
	finding_mend("ip route add %s dev %s", source, interface->name);
}

bool check_source(const struct host_interface *interface, const union graft_address *source)
{
	char text[GRAFT_ADDRESS_TEXT], name[HOST_NAME_SIZE], setting[SETTING_TEXT];
	struct host_interface back;
	union graft_address bare = *source;
	if (bare.any.sa_family != AF_INET)
		return true; // IPv6 has no rp_filter
	graft_address_set_port(&bare, 0);
	graft_address_text(&bare, text);
	long filter = host_rp_filter(interface->name);
	int index = graft_route_interface(&bare);
	if (index < 0 && filter > 0) {
		no_way_back(interface, text, filter);
		return false;
	}
	bool own = index > 0 && host_interface((unsigned)index, &back) && back.flags & IFF_LOOPBACK;
	if (filter != 1 || index < 0 || own || (unsigned)index == interface->index) {
		finding(FINDING_OK, "rp-filter", "what %s sends passes rp_filter (%ld) on %s", text,
		        filter < 0 ? 0 : filter, interface->name);
		return true;
	}
	finding(FINDING_WARNING, "rp-filter",
	        "the route back to the source %s leaves by %s, and rp_filter is 1 on %s", text,
	        host_interface_name((unsigned)index, name), interface->name);
	finding_means("the kernel drops what it sends");
	finding_mend("sysctl -w %s=2", setting_name("ipv4", interface->name, "rp_filter", setting));
	return false;
}

// ---- versions and limits --------------------------------------------------------------------------------

static const char without_sources[] =
        "reports of that version can't name sources, so routers and switches are not told of them";

static void forced(const struct host_interface *interface, int family, bool with_sources, long version)
{
	bool v4 = family == AF_INET;
	const char *key = v4 ? "force_igmp_version" : "force_mld_version", *protocol = v4 ? "IGMP" : "MLD";
	char all[SETTING_TEXT], own[SETTING_TEXT];
	finding(with_sources ? FINDING_WARNING : FINDING_NOTE, "forced-version",
	        "%s is forced to version %ld on %s (%s)", protocol, version, interface->name, key);
	finding_means("%s", without_sources);
	setting_name(v4 ? "ipv4" : "ipv6", "all", key, all);
	setting_name(v4 ? "ipv4" : "ipv6", interface->name, key, own);
	finding_mend("sysctl -w %s=0 %s=0", all, own);
}

void check_version(const struct host_interface *interface, int family, bool with_sources)
{
	long version = host_forced_version(family, interface->name), newest = family == AF_INET ? 3 : 2;
	unsigned heard = family == AF_INET ? host_igmp_version(interface->index) : 0;
	if (version && version < newest) {
		forced(interface, family, with_sources, version);
	} else if (heard && heard < 3) {
		finding(with_sources ? FINDING_WARNING : FINDING_NOTE, "querier-version",
		        "a querier of IGMP version %u was heard on %s", heard, interface->name);
		finding_means("the kernel answers in that version, and %s", without_sources);
		finding_mend(
		        "set that router or switch to version 3, such as ip link set BRIDGE type bridge mcast_igmp_version 3");
	} else {
		finding(FINDING_OK, "version", "%s is spoken in version %ld on %s",
		        family == AF_INET ? "IGMP" : "MLD", newest, interface->name);
	}
}

void check_membership_count(unsigned count)
{
	long most = host_setting("ipv4/igmp_max_memberships");
	if (most < 0 || count <= (unsigned long)most)
		return;
	finding(FINDING_WARNING, "too-many-groups",
	        "%u IPv4 memberships are for one socket, and net.ipv4.igmp_max_memberships is %ld", count,
	        most);
	finding_means("the kernel refuses those that are too many");
	finding_mend("sysctl -w net.ipv4.igmp_max_memberships=%u", count);
}

void check_source_count(const union graft_address *group, unsigned count)
{
	bool v4 = group->any.sa_family == AF_INET;
	const char *name = v4 ? "net.ipv4.igmp_max_msf" : "net.ipv6.mld_max_msf";
	union graft_address bare = *group;
	char text[GRAFT_ADDRESS_TEXT];
	long most = v4 ? host_setting("ipv4/igmp_max_msf") : host_setting("ipv6/mld_max_msf");
	bool seen = most >= 0;
	if (!seen)
		most = v4 ? IGMP_MAX_MSF
		          : MLD_MAX_MSF; // mld_max_msf is there in the first network namespace only
	if (count <= (unsigned long)most)
		return;
	graft_address_set_port(&bare, 0);
	finding(FINDING_WARNING, "too-many-sources", "%u sources are given for %s, and %s is %ld%s", count,
	        graft_address_text(&bare, text), name, most, seen ? "" : " unless it was changed");
	finding_means("the kernel refuses those that are too many");
	finding_mend("sysctl -w %s=%u", name, count);
}
