"""Types a command line into an interactive shell on a terminal, has it completed, and prints what it is then.

    complete.py bash|zsh FILE LINE...

FILE is sourced (bash), or stands in a directory of functions (zsh). All that completes a line's last word is put into
the line, which the shell then takes apart: its words are printed, with one blank between them.
"""

import os
import pty
import select
import sys
import time

# What the shell is told first: one key inserts all matches, and `words` shows what became of the line.
START = {
    "bash": r"""
PS1= PS2=
bind 'set bell-style none' 2>/dev/null
bind '"\C-o": insert-completions'
source "$FILE"
""",
    "zsh": r"""
PS1= PS2= RPS1=
unsetopt zle_bracketed_paste prompt_sp prompt_cr 2>/dev/null
fpath=(${FILE:h} $fpath)
autoload -Uz compinit && compinit -u -D
zle -C all-matches complete-word _generic
bindkey '^O' all-matches
zstyle ':completion:all-matches:*' insert yes
zstyle ':completion:all-matches::::' completer _all_matches _complete
""",
}
COMMON = r"""
words() { echo; echo "<<<"; echo "$*"; echo ">>>"; }
echo rea""dy
"""
COMMAND = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}
CTRL_A, CTRL_O = b"\x01", b"\x0f"


def read_until(terminal, wanted, deadline):
    """What is printed up to `wanted`."""
    seen = b""
    while wanted not in seen:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            sys.exit("waited in vain for %r in %r" % (wanted, seen))
        seen += os.read(terminal, 65536)
    return seen


def main():
    shell, file, lines = sys.argv[1], sys.argv[2], sys.argv[3:]
    deadline = time.monotonic() + float(os.environ.get("DEADLINE", "30"))
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(FILE=os.path.abspath(file), TERM="dumb", HISTFILE="", INPUTRC="/dev/null")
        os.execvp(COMMAND[shell][0], COMMAND[shell])
    start = os.environ["BATS_TEST_TMPDIR"] + "/start"
    with open(start, "w", encoding="utf-8") as out:
        out.write(START[shell] + COMMON)
    os.write(terminal, b". " + start.encode() + b"\n")
    read_until(terminal, b"ready\r\n", deadline)
    for line in lines:
        os.write(terminal, line.encode() + CTRL_O + CTRL_A + b"words \n")
        printed = read_until(terminal, b">>>\r\n", deadline).decode(errors="replace")
        print(printed.rsplit("<<<\r\n", 1)[1].split("\r\n>>>")[0])


main()
