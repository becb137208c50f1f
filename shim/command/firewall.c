// What firewalls do, as far as their own commands tell.
#include <fcntl.h>
#include <net/if.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"
#include "findings.h"

// Starts a command, with its output for `file`: its process, or -1.
static pid_t start(char *const *command, FILE **file)
{
	int ends[2];
	pid_t pid = -1;
	posix_spawn_file_actions_t actions;
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, command[0], &actions, NULL, command, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	*file = pid < 0 ? NULL : fdopen(ends[0], "r");
	if (!*file)
		close(ends[0]);
	return pid;
}

static bool drops(const char *line)
{
	static const char *const words[] = {
	        " drop", "reject", "-j DROP", "-j REJECT", "INPUT DROP", "policy drop"};
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

// Counts what drops among the lines that a command prints. -1: it isn't there, or not permitted.
static int count_drops(char *const *command)
{
	char line[1024];
	FILE *file = NULL;
	pid_t pid = start(command, &file);
	int count = 0, status = -1;
	while (file && fgets(line, sizeof(line), file))
		count += drops(line);
	if (file)
		fclose(file);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		return -1;
	return count;
}

static bool check_by(char *const *command, const char *whole)
{
	int count = count_drops(command);
	if (count < 0)
		return false;
	if (!count) {
		finding(FINDING_OK, "firewall", "%s shows nothing that drops", whole);
		return true;
	}
	finding(FINDING_NOTE, "firewall", "%s shows drop or reject in %d line%s", whole, count,
	        count == 1 ? "" : "s");
	finding_means("multicast, or IGMP and MLD, may be among it");
	finding_mend("%s, and a rule that accepts the group", whole);
	return true;
}

void check_firewall(int family)
{
	static char nft[] = "nft", list[] = "list", ruleset[] = "ruleset", iptables[] = "iptables",
	            ip6tables[] = "ip6tables", show[] = "-S";
	char *const by_nft[] = {nft, list, ruleset, NULL}, *const by_iptables[] = {iptables, show, NULL},
	            *const by_ip6tables[] = {ip6tables, show, NULL};
	bool seen = check_by(by_nft, "nft list ruleset");
	if (family != AF_INET6)
		seen |= check_by(by_iptables, "iptables -S");
	if (family != AF_INET)
		seen |= check_by(by_ip6tables, "ip6tables -S");
	if (seen)
		return;
	finding(FINDING_NOTE, "firewall-unseen", "firewall rules can't be seen");
	finding_means("neither nft nor iptables is there, or they are not permitted");
}
