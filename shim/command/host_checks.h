// What of this host's state keeps multicast from arriving, as findings.
#ifndef SOCKGRAFT_HOST_CHECKS_H
#define SOCKGRAFT_HOST_CHECKS_H

#include "host.h"

// Up, running, able to multicast.
void check_link(const struct host_interface *interface);

// An address for the reports to come from.
void check_address(const struct host_interface *interface, int family);

// The interface that the route to the group leaves by; 0: there is none.
unsigned check_route(const union graft_address *group);

// Whether rp_filter lets pass on the interface what this source sends; IPv6 has none, and lets pass all.
bool check_source(const struct host_interface *interface, const union graft_address *source);

// "net.ipv4.conf.b0.rp_filter", as sysctl(8) wants it. Returns `text`.
enum { SETTING_TEXT = 96 };
const char *setting_name(
        const char *version, const char *interface, const char *key, char text[SETTING_TEXT]);

// The version of IGMP or MLD. It has to be one with sources where a membership has some.
void check_version(const struct host_interface *interface, int family, bool with_sources);

// Memberships of one socket, and sources of one of them, against what the kernel allows.
void check_membership_count(unsigned count);
void check_source_count(const union graft_address *group, unsigned count);

#endif
