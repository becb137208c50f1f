// The subcommands, one row each; usage, --help and completion come from here.
//
// SUBCOMMAND(name, arguments, summary, help)
//   help  what --help says below the usage: options, a line each, and the exit statuses
#ifndef SOCKGRAFT_SUBCOMMANDS_H
#define SOCKGRAFT_SUBCOMMANDS_H

#define HELP_POLICY_OPTIONS                                                                                  \
	"  -r, --rule RULE   a rule, stronger than those of the environment; several times\n"                \
	"  -f, --file FILE   rules from a file, in place of SOCKGRAFT_FILE\n"                                \
	"  --KEY VALUE       a key of the policy, such as --join 239.1.1.1%eth0 (sockgraft help keys)\n"     \
	"  -v, -q            log at info, twice at debug; log nothing\n"

// clang-format off
#define SUBCOMMANDS(SUBCOMMAND) \
	SUBCOMMAND(run, "[-r RULE]... [-f FILE] [--KEY VALUE]... [-v|-q] [--] PROGRAM [ARGUMENT]...", \
	    "starts a program under a policy", \
	    HELP_POLICY_OPTIONS \
	    "\n" \
	    "The policy is checked, and whether the library can reach the program; then the command becomes it.\n" \
	    "\n" \
	    "Exit status: that of PROGRAM; 125: the policy or an option is wrong; 126: PROGRAM can't be run, or not\n" \
	    "with the library; 127: there is no such program.\n") \
	SUBCOMMAND(check, "[POLICY OPTION]... [--strict] [--json] [--] [PROGRAM [ARGUMENT]...]", \
	    "tells what a policy means on this host, and what is wrong with it", \
	    HELP_POLICY_OPTIONS \
	    "  --strict          exit status 1 where there is a warning\n" \
	    "  --json            one JSON document: rules, interfaces, memberships, findings\n" \
	    "\n" \
	    "Prints the rules, the strongest first, the interfaces that they name, the memberships as they would be\n" \
	    "made here, and a line per finding: what was seen, what it means, and the command that mends it. With\n" \
	    "PROGRAM, the rules are those for it, and what keeps run from starting it is an error.\n" \
	    "\n" \
	    "Exit status: 0; 1: with --strict, there are warnings; 125: the policy, an option or PROGRAM is wrong.\n") \
	SUBCOMMAND(show, "[--group GROUP] [--watch [SECONDS]] [--json] [PID|NAME]...", \
	    "which process is a member of which group", \
	    "  --group GROUP     members of this group; GROUP%INTERFACE: on that interface\n" \
	    "  --watch [SECONDS] again and again, every 2 seconds or as said, until interrupted\n" \
	    "  --json            an array of objects, one for each row; with --watch one array a line\n" \
	    "  PID, NAME         all sockets of these processes, members or not; otherwise members alone. NAME is the\n" \
	    "                    process's or its program's, or a pattern, such as 'gst-*'\n" \
	    "\n" \
	    "A row is a socket, or one group that it joined. TTL is that of unicast/multicast, or the hop limit; of a\n" \
	    "socket for both families IPv4's, then IPv6's, where they differ. OUT is the interface that multicast leaves\n" \
	    "by, - as the route goes. DROPS counts datagrams lost at the socket. RULE is what the policy says on it:\n" \
	    "- the library is not loaded; its files are read as they are now. ? is what may not be known.\n" \
	    "\n" \
	    "The kernel is asked; processes are neither stopped nor changed. Those of others take root, or CAP_SYS_PTRACE.\n" \
	    "\n" \
	    "Exit status: 1: nothing is there of what was asked for; 2: wrong usage.\n") \
	SUBCOMMAND(doctor, "[GROUP] [--send|--receive] [--port N] [--time SECONDS] [OPTION]...", \
	    "finds out why nothing arrives, and tests the path from host to host", \
	    "  GROUP             [SOURCES@]GROUP[:PORT][%INTERFACES], as in a policy; without it, all interfaces\n" \
	    "  --port N          the program's port; of --send and --receive 5201, if nothing else is said\n" \
	    "  --time SECONDS    how long to listen: 3; how long to receive at most: 30\n" \
	    "  --send            numbered datagrams to GROUP, from SOURCES if given, by each interface\n" \
	    "  --count N         how many: 10;  --interval SECONDS: one after so long: 0.1;  --ttl N: 64\n" \
	    "  --receive         those, on another host, to the last one; loss, order and TTL of each path\n" \
	    "  --json            one JSON document: findings, paths\n" \
	    "\n" \
	    "Interface, address, route, rp_filter, firewall, IGMP and MLD, membership, what comes in, what reaches a\n" \
	    "socket: a line for each, what was seen, what it means, and the command that mends it. What comes in can\n" \
	    "be seen by root only.\n" \
	    "\n" \
	    "Exit status: 0; 1: something is wrong, was lost or did not arrive; 2: an option is wrong.\n")
// clang-format on

#endif
