// The subcommands, one row each; usage, --help and completion come from here.
//
// SUBCOMMAND(name, arguments, summary, help)
//   help  what --help says below the usage: options, a line each, and the exit statuses
#ifndef SOCKGRAFT_SUBCOMMANDS_H
#define SOCKGRAFT_SUBCOMMANDS_H

#define HELP_POLICY_OPTIONS                                                                                  \
	"  -r, --rule RULE   a rule, stronger than the environment's; several times\n"                       \
	"  -f, --file FILE   rules from a file, in place of SOCKGRAFT_FILE\n"                                \
	"  --KEY VALUE       a key of the policy, such as --join 239.1.1.1%eth0;\n"                          \
	"                    sockgraft help keys lists them\n"                                               \
	"  -v, -q            log at info, twice at debug; log nothing\n"

// clang-format off
#define SUBCOMMANDS(SUBCOMMAND) \
	SUBCOMMAND(run, "[OPTION]... [--] PROGRAM [ARGUMENT]...", \
	    "starts a program under a policy", \
	    HELP_POLICY_OPTIONS \
	    "\n" \
	    "The policy is checked, and whether the library can reach the program; then the\n" \
	    "command becomes it.\n" \
	    "\n" \
	    "Exit status: that of PROGRAM; 125: the policy or an option is wrong; 126:\n" \
	    "PROGRAM can't be run, or not with the library; 127: there is no such program, or\n" \
	    "the interpreter of a script is missing.\n") \
	SUBCOMMAND(check, "[OPTION]... [--] [PROGRAM [ARGUMENT]...]", \
	    "tells what a policy means on this host, and what is wrong with it", \
	    HELP_POLICY_OPTIONS \
	    "  --strict          exit status 1 where there is a warning\n" \
	    "  --json            one JSON document: rules, interfaces, memberships, findings\n" \
	    "\n" \
	    "Prints the rules, the strongest first, the interfaces that they name, the\n" \
	    "memberships as they would be made here, and a line per finding: what was seen,\n" \
	    "what it means, and the command that mends it. With PROGRAM, the rules are those\n" \
	    "for it, and what keeps run from starting it is an error; without, those with\n" \
	    "exe= are left out.\n" \
	    "\n" \
	    "Exit status: 0; 1: with --strict, there are warnings; 125: the policy, an option\n" \
	    "or PROGRAM is wrong.\n") \
	SUBCOMMAND(show, "[--group GROUP] [--watch[=SECONDS]] [--json] [PID|NAME]...", \
	    "which process is a member of which group", \
	    "  --group GROUP      members of this group; GROUP%INTERFACE: on that interface\n" \
	    "  --watch[=SECONDS]  again and again, every 2 seconds or as said\n" \
	    "  --json             an array of objects, a row each; with --watch one a line\n" \
	    "  PID, NAME          all sockets of these processes, members or not; otherwise\n" \
	    "                     members alone. NAME may be a pattern, such as 'gst-*'\n" \
	    "\n" \
	    "A row is a socket, or one group that it joined. TTL is that of unicast/multi-\n" \
	    "cast, or the hop limit; of a socket for both families IPv4's, then IPv6's. OUT\n" \
	    "is the interface that multicast leaves by, - as the route goes. DROPS counts\n" \
	    "datagrams lost at the socket. RULE is what the policy says on it, its files as\n" \
	    "they are now; - the library is not loaded. ? is what may not be known, or what\n" \
	    "the kernel doesn't tell.\n" \
	    "\n" \
	    "The kernel is asked; processes are neither stopped nor changed. Those of others\n" \
	    "take root, or CAP_SYS_PTRACE.\n" \
	    "\n" \
	    "Exit status: 1: nothing is there of what was asked for; 2: wrong usage.\n") \
	SUBCOMMAND(doctor, "[GROUP] [--send|--receive] [OPTION]...", \
	    "finds out why nothing arrives, and tests the path from host to host", \
	    "  GROUP             [SOURCES@]GROUP[:PORT][%INTERFACES], as in a policy; without\n" \
	    "                    it, all interfaces\n" \
	    "  --port N          the program's port; of --send and --receive 5201, if nothing\n" \
	    "                    else is said\n" \
	    "  --time SECONDS    how long to listen: 3; how long to receive at most: 30\n" \
	    "  --send            numbered datagrams to GROUP, from SOURCES, by each interface\n" \
	    "  --count N         how many: 10\n" \
	    "  --interval N      seconds from one to the next: 0.1\n" \
	    "  --ttl N           their TTL or hop limit: 64\n" \
	    "  --receive         those, on another host; loss, order and TTL of each path\n" \
	    "  --json            one JSON document: findings, paths\n" \
	    "\n" \
	    "Interface, address, route, rp_filter, firewall, IGMP and MLD, membership, what\n" \
	    "comes in, what reaches a socket: a line for each, what was seen, what it means,\n" \
	    "and the command that mends it. It joins the group while it listens. To see what\n" \
	    "comes in takes root, or CAP_NET_RAW.\n" \
	    "\n" \
	    "Exit status: 0; 1: something is wrong, was lost or did not arrive; 2: an option\n" \
	    "is wrong.\n")
// clang-format on

#endif
