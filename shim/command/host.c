#include "host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- interfaces -----------------------------------------------------------------------------------------

static struct host_interface *known;
static unsigned known_count;

static int by_index(const void *one, const void *other)
{
	unsigned a = ((const struct host_interface *)one)->index,
	         b = ((const struct host_interface *)other)->index;
	return a < b ? -1 : a > b;
}

static void add_link(const struct ifaddrs *entry)
{
	const struct sockaddr_ll *link = (const void *)entry->ifa_addr;
	struct host_interface *longer = reallocarray(known, known_count + 1, sizeof(*known));
	struct rtnl_link_stats stats = {0};
	if (!longer)
		return;
	known = longer;
	if (entry->ifa_data)
		memcpy(&stats, entry->ifa_data, sizeof(stats));
	struct host_interface *place = &known[known_count++];
	*place = (struct host_interface){.index = (unsigned)link->sll_ifindex,
	        .flags = entry->ifa_flags,
	        .received = stats.rx_packets,
	        .received_multicast = stats.multicast,
	        .receive_dropped = stats.rx_dropped,
	        .receive_errors = stats.rx_errors};
	snprintf(place->name, sizeof(place->name), "%s", entry->ifa_name);
}

static void add_address(const struct ifaddrs *entry)
{
	union graft_address address = {.any.sa_family = entry->ifa_addr->sa_family};
	bool v4 = address.any.sa_family == AF_INET;
	memcpy(&address, entry->ifa_addr, v4 ? sizeof(address.v4) : sizeof(address.v6));
	for (unsigned i = 0; i < known_count; i++) {
		union graft_address *place = v4 ? &known[i].ipv4 : &known[i].link_local;
		// "eth0:1" is a label of an address of eth0.
		size_t length = strcspn(entry->ifa_name, ":");
		if (strlen(known[i].name) != length || memcmp(known[i].name, entry->ifa_name, length) ||
		        place->any.sa_family != AF_UNSPEC)
			continue;
		if (v4 || graft_address_is_link_local(&address))
			*place = address;
	}
}

const struct host_interface *host_interfaces(unsigned *count)
{
	struct ifaddrs *list = NULL;
	known_count = 0;
	*count = 0;
	if (getifaddrs(&list))
		return NULL;
	for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
		if (entry->ifa_addr && entry->ifa_addr->sa_family == AF_PACKET)
			add_link(entry);
	for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next)
		if (entry->ifa_addr &&
		        (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6))
			add_address(entry);
	freeifaddrs(list);
	if (known_count)
		qsort(known, known_count, sizeof(*known), by_index);
	*count = known_count;
	return known;
}

bool host_interface(unsigned index, struct host_interface *interface)
{
	unsigned count;
	const struct host_interface *all = host_interfaces(&count);
	for (unsigned i = 0; i < count; i++)
		if (all[i].index == index)
			return *interface = all[i], true;
	return false;
}

const char *host_interface_name(unsigned index, char name[HOST_NAME_SIZE])
{
	if (!if_indextoname(index, name))
		snprintf(name, HOST_NAME_SIZE, "%u", index);
	return name;
}

// ---- settings -------------------------------------------------------------------------------------------

long host_setting(const char *format, ...)
{
	char name[96], path[128];
	long number = -1;
	va_list list;
	va_start(list, format);
	vsnprintf(name, sizeof(name), format, list);
	va_end(list);
	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	FILE *file = fopen(path, "re");
	if (!file)
		return -1;
	char line[32], *end;
	if (fgets(line, sizeof(line), file)) {
		number = strtol(line, &end, 10);
		number = end == line ? -1 : number;
	}
	fclose(file);
	return number;
}

long host_rp_filter(const char *interface)
{
	long all = host_setting("ipv4/conf/all/rp_filter"),
	     own = host_setting("ipv4/conf/%s/rp_filter", interface);
	return all > own ? all : own;
}

static long forced_by(int family, const char *where)
{
	long version = family == AF_INET ? host_setting("ipv4/conf/%s/force_igmp_version", where)
	                                 : host_setting("ipv6/conf/%s/force_mld_version", where);
	return version < 0 ? 0 : version;
}

// As net/ipv4/igmp.c and net/ipv6/mcast.c have it: of IGMP the older version counts, of MLD all's.
long host_forced_version(int family, const char *interface)
{
	long all = forced_by(family, "all"), own = forced_by(family, interface);
	if (family == AF_INET && all && own)
		return all < own ? all : own;
	return all ? all : own;
}

// ---- tables of /proc/net --------------------------------------------------------------------------------

enum { LINE_SIZE = 512, AT_ONCE = 256 };

static FILE *open_table(const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/net/%s", name);
	return fopen(path, "re");
}

// An interface's line, "2\teth0      :     1      V3", begins with its index; those of its groups with blanks.
static bool begins_interface(const char *line, unsigned *index)
{
	return *line != '\t' && *line != ' ' && sscanf(line, "%u", index) == 1;
}

unsigned host_igmp_version(unsigned index)
{
	char line[LINE_SIZE];
	unsigned at = 0, version = 0;
	FILE *file = open_table("igmp");
	while (file && fgets(line, sizeof(line), file)) {
		const char *mark = strrchr(line, 'V');
		if (begins_interface(line, &at) && at == index && mark)
			version = (unsigned)strtoul(mark + 1, NULL, 10);
	}
	if (file)
		fclose(file);
	return version;
}

static unsigned members4(unsigned index, const union graft_address *group)
{
	char line[LINE_SIZE];
	unsigned at = 0, address, users, found = 0;
	FILE *file = open_table("igmp");
	while (file && fgets(line, sizeof(line), file)) {
		if (begins_interface(line, &at))
			continue;
		if (at == index && sscanf(line, " %8x %u", &address, &users) == 2 &&
		        address == group->v4.sin_addr.s_addr)
			found = users;
	}
	if (file)
		fclose(file);
	return found;
}

static void hex_of(const union graft_address *address, char hex[33])
{
	for (unsigned i = 0; i < 16; i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", address->v6.sin6_addr.s6_addr[i]);
}

static unsigned members6(unsigned index, const union graft_address *group)
{
	char line[LINE_SIZE], hex[33], address[33];
	unsigned at = 0, users, found = 0;
	hex_of(group, hex);
	FILE *file = open_table("igmp6");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%u %*s %32s %u", &at, address, &users) == 3 && at == index &&
		        !strcmp(address, hex))
			found = users;
	if (file)
		fclose(file);
	return found;
}

unsigned host_members(unsigned index, const union graft_address *group)
{
	return group->any.sa_family == AF_INET ? members4(index, group) : members6(index, group);
}

// A line "  2     b0 0xe8070809 0x0a4d0001      1      0", in host byte order.
static bool filter4(
        const char *line, unsigned index, const union graft_address *group, struct host_filter *filter)
{
	unsigned at, address, source;
	if (sscanf(line, "%u %*s 0x%8x 0x%8x %u %u", &at, &address, &source, &filter->include,
	            &filter->exclude) != 5 ||
	        at != index || address != ntohl(group->v4.sin_addr.s_addr))
		return false;
	filter->source.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(source)};
	return true;
}

static void address_of(const char hex[33], union graft_address *address)
{
	unsigned byte;
	*address = (union graft_address){.v6.sin6_family = AF_INET6};
	for (unsigned i = 0; i < 16 && sscanf(hex + (size_t)2 * i, "%2x", &byte) == 1; i++)
		address->v6.sin6_addr.s6_addr[i] = (unsigned char)byte;
}

static bool filter6(
        const char *line, unsigned index, const union graft_address *group, struct host_filter *filter)
{
	unsigned at;
	char wanted[33], address[33], source[33];
	hex_of(group, wanted);
	if (sscanf(line, "%u %*s %32s %32s %u %u", &at, address, source, &filter->include,
	            &filter->exclude) != 5 ||
	        at != index || strcmp(address, wanted))
		return false;
	address_of(source, &filter->source);
	return true;
}

unsigned host_filters(
        unsigned index, const union graft_address *group, struct host_filter *filters, unsigned room)
{
	char line[LINE_SIZE];
	unsigned count = 0;
	bool v4 = group->any.sa_family == AF_INET;
	FILE *file = open_table(v4 ? "mcfilter" : "mcfilter6");
	while (file && count < room && fgets(line, sizeof(line), file))
		count += (v4 ? filter4 : filter6)(line, index, group, &filters[count]);
	if (file)
		fclose(file);
	return count;
}

// snmp6 has a name and a number in each line: "Udp6RcvbufErrors  0".
static long long counter6(const char *name)
{
	char line[LINE_SIZE], found[64];
	long long number = -1, value;
	FILE *file = open_table("snmp6");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lld", found, &value) == 2 && !strncmp(found, "Udp6", 4) &&
		        !strcmp(found + 4, name))
			number = value;
	if (file)
		fclose(file);
	return number;
}

// snmp has a line of names and a line of numbers.
static long long counter4(const char *name)
{
	char names[LINE_SIZE] = "", line[LINE_SIZE], *rest_names, *rest;
	long long number = -1;
	FILE *file = open_table("snmp");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Udp:", 4))
			continue;
		if (!*names) {
			memcpy(names, line, sizeof(names));
			continue;
		}
		char *value = strtok_r(line, " \n", &rest), *word = strtok_r(names, " \n", &rest_names);
		while (word && value) {
			if (!strcmp(word, name))
				number = strtoll(value, NULL, 10);
			value = strtok_r(NULL, " \n", &rest);
			word = strtok_r(NULL, " \n", &rest_names);
		}
		break;
	}
	if (file)
		fclose(file);
	return number;
}

long long host_counter(int family, const char *name)
{
	return family == AF_INET ? counter4(name) : counter6(name);
}

static void add_sockets(const char *table, uint16_t port, struct host_sockets *sockets)
{
	char line[LINE_SIZE];
	unsigned bound;
	FILE *file = open_table(table);
	while (file && fgets(line, sizeof(line), file)) {
		const char *drops = line + strcspn(line, "\n");
		if (sscanf(line, " %*u: %*32[0-9A-F]:%4x", &bound) != 1 || (port && bound != port))
			continue;
		while (drops > line && drops[-1] == ' ')
			drops--;
		while (drops > line && drops[-1] != ' ')
			drops--;
		sockets->count++;
		sockets->drops += strtoull(drops, NULL, 10);
	}
	if (file)
		fclose(file);
}

struct host_sockets host_udp_sockets(int family, uint16_t port)
{
	struct host_sockets sockets = {0, 0};
	if (family == AF_INET)
		add_sockets("udp", port, &sockets);
	add_sockets("udp6", port, &sockets);
	return sockets;
}

static bool add_inode(uint64_t inode, uint64_t **inodes, size_t *count)
{
	uint64_t *longer = *inodes;
	if (*count % AT_ONCE == 0)
		longer = reallocarray(longer, *count + AT_ONCE, sizeof(*longer));
	if (!longer)
		return false;
	*inodes = longer;
	longer[(*count)++] = inode;
	return true;
}

uint64_t *host_udp_inodes(size_t *count)
{
	static const char *const tables[] = {"udp", "udp6"};
	char line[LINE_SIZE];
	uint64_t inode, *inodes = NULL;
	*count = 0;
	for (unsigned i = 0; i < 2; i++) {
		FILE *file = open_table(tables[i]);
		bool room = true;
		while (file && room && fgets(line, sizeof(line), file))
			if (sscanf(line, " %*u: %*s %*s %*x %*x:%*x %*x:%*x %*x %*u %*u %" SCNu64, &inode) ==
			        1)
				room = add_inode(inode, &inodes, count);
		if (file)
			fclose(file);
	}
	return inodes;
}
