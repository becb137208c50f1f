# sockgraft: `make` builds the library, `make demo` shows it, `make test` tests it, `make bench` measures it.

# ARCH=32 makes the library for the 32-bit programs of a 64-bit machine.
ifeq ($(ARCH),32)
override CC += -m32
BUILD   ?= build/32
endif

PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/$(or $(LOADER_LIB),lib)
MANDIR  ?= $(PREFIX)/share/man
DESTDIR ?=
BUILD   ?= build

CFLAGS  ?= -Os -g
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
# The shim defines the functions that _FORTIFY_SOURCE and _TIME_BITS would redefine, whatever the packager wants.
BASE     = -std=gnu17 -D_GNU_SOURCE -U_FORTIFY_SOURCE -U_TIME_BITS $(LARGE) -fPIC -fvisibility=hidden $(SPLIT) -MMD \
           -MP $(WARN) $(KERNEL)
SPLIT   := -ffunction-sections -fdata-sections
# Files past 2 GiB and long inode numbers in 32-bit programs; but fcntl has to stay fcntl where it is defined.
LARGE   := -U_FILE_OFFSET_BITS -D_FILE_OFFSET_BITS=64
$(BUILD)/shim/entries.o: LARGE := -U_FILE_OFFSET_BITS
# The kernel's headers, for compilers that don't find them by themselves: musl-gcc, gcc -m32 on some machines.
KERNEL  := $(shell $(CC) -E -include linux/filter.h -xc /dev/null >/dev/null 2>&1 || \
             echo -idirafter /usr/include -idirafter /usr/include/$$($(CC) -dumpmachine))
# Every process pays for what is done at loading: each name that is looked up before it is needed, each page that is
# written to. The slots are function pointers that have to stay writable, so a read-only GOT would protect nothing.
LINK    := -nostartfiles -Wl,--as-needed -Wl,--no-undefined -Wl,--gc-sections -Wl,-z,lazy -Wl,-z,norelro \
	-Wl,-z,noseparate-code -Wl,--hash-style=gnu -Wl,-T,shim/layout.ld

# What the dynamic loader of these programs makes of $LIB in LD_PRELOAD='$(PREFIX)/$LIB/libsockgraft.so'.
LOADER   = $(shell $(CC) -\#\#\# -xc /dev/null 2>&1 | sed -n 's/.*-dynamic-linker["= ]*\([^ "]*\).*/\1/p')
LOADER_LIB = $(shell $(LOADER) --list-diagnostics 2>/dev/null | sed -n 's/^dl_dst_lib="\(.*\)"/\1/p')

ASAN    := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

objects  = $(patsubst %.c,$(BUILD)/%.o,$(1))
CORE    := $(call objects,$(wildcard core/*.c))
POLICY  := $(call objects,$(wildcard core/policy/*.c))
SHIM    := $(call objects,$(wildcard shim/*.c))
LIBRARY := $(BUILD)/libsockgraft.so
COMMAND := $(BUILD)/sockgraft

# Core as a library of its own, for programs; its ABI's number is part of the file's name.
ABI     := 0
VERSION := 0.1.0
CORE_STATIC := $(BUILD)/libsockgraft-core.a
CORE_SHARED := $(BUILD)/libsockgraft-core.so.$(ABI)
CORE_OBJECTS := $(patsubst core/%.c,$(BUILD)/library/%.o,$(wildcard core/*.c))

# Unwind tables where a thread may be cancelled while our frame waits in a call of the program's, or in its stead;
# nothing else here is ever unwound, and they would be a fifth of the library.
UNWIND  := $(addprefix $(BUILD)/shim/,quiet.o lifetime.o connect.o send.o outgoing.o receive.o wait.o pending.o settle.o)
TABLES   = $(if $(filter $(UNWIND),$@),,-fno-asynchronous-unwind-tables)
EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
# Programs that use core; the others know nothing of sockgraft.
CORE_EXAMPLES := $(patsubst examples/core/%.c,$(BUILD)/examples/core/%,$(wildcard examples/core/*.c))
BENCH   := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
FUZZERS := policy core
CORE_TESTS := $(patsubst tests/core/%.c,$(BUILD)/tests/core/%,$(wildcard tests/core/*.c))
HELPERS := $(patsubst tests/helpers/%.c,$(BUILD)/tests/%,$(wildcard tests/helpers/*.c)) $(FUZZERS:%=$(BUILD)/tests/fuzz_%)
HELPERS += $(CORE_TESTS) $(addprefix $(BUILD)/tests/,calls_fortified rooms_fortified calls_time64 probe_time64 same/same)
PRELOADS := $(patsubst tests/libraries/%.c,$(BUILD)/tests/%.so,$(wildcard tests/libraries/*.c))
SOURCES := $(wildcard core/*.[ch] core/policy/*.[ch] shim/*.[ch] shim/command/*.[ch] examples/*.c examples/core/*.[ch] \
	tests/helpers/*.[ch] tests/libraries/*.[ch] tests/same/*.[ch] tests/core/*.[ch] tests/fuzz/*.[ch] bench/*.[ch])

.PHONY: all demo bench test check-needs test-builds thread-builds fuzz install uninstall deb clean format lint

all: $(LIBRARY) $(COMMAND) $(CORE_STATIC) $(CORE_SHARED)

# In the shim core goes to the kernel by the functions behind ours: shim/kernel.c takes core/kernel.c's place.
$(LIBRARY): shim/layout.ld
$(LIBRARY): $(SHIM) $(POLICY) $(filter-out $(BUILD)/core/kernel.o,$(CORE))
	$(CC) $(CFLAGS) $(LDFLAGS) $(LINK) -shared -o $@ $(filter %.o,$^)

# Of core and policy what the subcommands use.
COMMAND_FLAGS = -DSOCKGRAFT_VERSION='"$(VERSION)"' -DLOADER_LIB='"$(LOADER_LIB)"'
$(BUILD)/shim/command/%.o: CPPFLAGS += $(COMMAND_FLAGS)
$(COMMAND): $(call objects,$(wildcard shim/command/*.c) shim/merge.c) $(POLICY) $(CORE)
	$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -Wl,--gc-sections -o $@ $^

# What runs in every process that loads the library, and what runs for each datagram that the policy changes.
FAST    := behind.o control.o descriptors.o exits.o memory.o outgoing.o peers.o receive.o send.o subject.o
$(addprefix $(BUILD)/shim/,$(FAST)): CFLAGS += -O2

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) $(TABLES) -c -o $@ $<

$(BUILD)/examples/%: examples/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) $(LDFLAGS) -o $@ $<

$(BUILD)/examples/core/%: examples/core/%.c $(CORE_STATIC) Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) -Icore $(LDFLAGS) -o $@ $< $(CORE_STATIC)

$(BUILD)/bench/%: bench/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) $(LDFLAGS) -o $@ $<

# What is measured of core, by the library's own flags.
$(BUILD)/bench/core_%: CFLAGS += -O2
$(BUILD)/bench/core_%: bench/core_%.c $(CORE_STATIC) Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) $(LDFLAGS) -o $@ $< $(CORE_STATIC)

# A fuzz target without the fuzzer, for what it once found.
$(BUILD)/tests/fuzz_%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/standalone.o $(CORE) $(POLICY)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^)

# Programs that know libc's functions by other names.
$(BUILD)/tests/%_fortified: tests/helpers/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) -O2 -D_FORTIFY_SOURCE=2 $(LDFLAGS) -o $@ $<

$(BUILD)/tests/%_time64: tests/helpers/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) -D_TIME_BITS=64 $(LDFLAGS) -o $@ $<

# A program with AddressSanitizer, for the library without.
$(BUILD)/tests/sanitized: tests/helpers/threads.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CPPFLAGS) -O1 -g $(ASAN) -o $@ $<

# Libraries that tests preload beside ours. Without the sanitizers, which would bring along functions of their own.
$(BUILD)/tests/%.so: tests/libraries/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CPPFLAGS) -O1 -g -shared -o $@ $<

# A row of shim/functions.h that has no cases in tests/same doesn't link.
$(BUILD)/tests/same/same: $(call objects,$(wildcard tests/same/*.c))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# Of core as programs have it.
$(BUILD)/tests/core/%: $(BUILD)/tests/core/%.o $(CORE_STATIC)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/%: $(BUILD)/tests/helpers/%.o $(CORE) $(POLICY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# ---- core as a library ---------------------------------------------------------------------------------

# No -flto from outside, not even from the command line, which CFLAGS here can't add to: names can be hidden in objects
# alone.
NO_LTO  := -fno-lto
$(BUILD)/library/%.o: CFLAGS += -O2
$(BUILD)/library/%.o: core/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(BASE) -fno-semantic-interposition $(NO_LTO) -DGRAFT_SHARED -c -o $@ $<

$(CORE_SHARED): $(CORE_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--as-needed -Wl,--no-undefined -o $@ $^
	ln -sf $(@F) $(BUILD)/libsockgraft-core.so

# One object, in which only the names of sockgraft.h can be seen. What is in groups, as are the thunks of
# position-independent i386 code, is taken out of them: a program with such a group of its own would drop ours, whose
# names it doesn't see any more.
$(CORE_STATIC): $(CORE_OBJECTS)
	$(CC) $(CFLAGS) $(NO_LTO) -r -nostdlib -Wl,--force-group-allocation -o $(BUILD)/library/all.o $^
	$(shell $(CC) -print-prog-name=objcopy) --localize-hidden $(BUILD)/library/all.o
	rm -f $@
	$(shell $(CC) -print-prog-name=ar) rcs $@ $(BUILD)/library/all.o

demo: all $(EXAMPLES)
	@examples/demo $(BUILD)

bench: all $(BENCH)
	@bench/run $(BUILD) $(PART)

# ---- tests ---------------------------------------------------------------------------------------------

test-builds: all $(EXAMPLES) $(CORE_EXAMPLES) $(HELPERS) $(PRELOADS)

# What tests/threads.bats and core_threads.bats run under ThreadSanitizer.
thread-builds: all $(BUILD)/tests/threads $(BUILD)/tests/memberships $(BUILD)/tests/core/threads

test: check-needs
	$(MAKE) BUILD=$(BUILD) test-builds $(if $(ARCH),,$(BUILD)/tests/sanitized)
	$(if $(ARCH),,$(MAKE) BUILD=$(BUILD)/asan CFLAGS="-O1 -g $(ASAN)" LINK="-Wl,-z,now" test-builds)
	$(if $(ARCH),,$(MAKE) BUILD=$(BUILD)/tsan CFLAGS="-O1 -g -fsanitize=thread -Wno-tsan" LINK="-Wl,-z,now" thread-builds)
	$(if $(ARCH),,MAKE="$(MAKE)" tests/build_ports $(BUILD))
	tests/run $(BUILD) $(if $(ARCH),,$(BUILD)/asan $$(cat $(BUILD)/ports))

check-needs:
	@tests/need

FUZZ_SECONDS ?= 60
fuzz:
	@command -v clang >/dev/null || { echo "make fuzz: libFuzzer comes with clang: apt-get install clang" >&2; exit 1; }
	$(MAKE) $(FUZZERS:%=$(BUILD)/fuzz/%)
	@mkdir -p $(FUZZERS:%=$(BUILD)/fuzz/found_%) $(FUZZERS:%=tests/fuzz/corpus/%)
	$(foreach fuzzer,$(FUZZERS),$(BUILD)/fuzz/$(fuzzer) -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		$(BUILD)/fuzz/found_$(fuzzer) tests/fuzz/corpus/$(fuzzer) &&) :

$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.h $(wildcard core/*.[ch] core/policy/*.[ch])
	@mkdir -p $(@D)
	clang -std=gnu17 -D_GNU_SOURCE -O1 -g $(WARN) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^)

# ---- installation --------------------------------------------------------------------------------------

BINDIR  ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
PKGCONFIG := sockgraft-core.pc
HEADERS := sockgraft.h sockgraft_options.h
MANUALS := $(patsubst docs/man/%,%,$(wildcard docs/man/*.[1-9]))
manual_path = $(addprefix $(DESTDIR)$(MANDIR)/man,$(foreach page,$(1),$(subst .,,$(suffix $(page)))/$(page)))
# A page is found by each of the names that it says it has: those that are not its file's are links to it.
manual_names = $(shell sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' docs/man/$(1))
manual_links = $(filter-out $(MANUALS),$(addsuffix $(suffix $(1)),$(call manual_names,$(1))))

# The command is of the machine's own kind, and starts programs of either: of 32 bits there is the library alone.
OF_COMMAND := $(if $(ARCH),,$(BINDIR)/sockgraft $(BASHCOMPDIR)/sockgraft $(ZSHCOMPDIR)/_sockgraft)

install: all
ifndef ARCH
	install -D -m 755 $(COMMAND) $(DESTDIR)$(BINDIR)/sockgraft
	install -D -m 644 shim/command/completion/sockgraft.bash $(DESTDIR)$(BASHCOMPDIR)/sockgraft
	install -D -m 644 shim/command/completion/_sockgraft $(DESTDIR)$(ZSHCOMPDIR)/_sockgraft
endif
	install -D -m 644 $(LIBRARY) $(DESTDIR)$(LIBDIR)/libsockgraft.so
	install -D -m 644 $(CORE_SHARED) $(DESTDIR)$(LIBDIR)/$(notdir $(CORE_SHARED))
	ln -sf $(notdir $(CORE_SHARED)) $(DESTDIR)$(LIBDIR)/libsockgraft-core.so
	install -D -m 644 -t $(DESTDIR)$(LIBDIR) $(CORE_STATIC)
	install -D -m 644 -t $(DESTDIR)$(INCLUDEDIR) $(addprefix core/,$(HEADERS))
	@mkdir -p $(DESTDIR)$(LIBDIR)/pkgconfig
	sed 's|@includedir@|$(INCLUDEDIR)|; s|@libdir@|$(LIBDIR)|; s|@version@|$(VERSION)|' core/$(PKGCONFIG).in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/$(PKGCONFIG)
	$(foreach page,$(MANUALS),install -D -m 644 docs/man/$(page) $(call manual_path,$(page)) &&) :
	$(foreach page,$(MANUALS),$(foreach link,$(call manual_links,$(page)),ln -sf $(page) $(call manual_path,$(link)) &&)) :

uninstall:
	rm -f $(addprefix $(DESTDIR),$(OF_COMMAND)) \
		$(addprefix $(DESTDIR)$(LIBDIR)/,libsockgraft.so $(notdir $(CORE_SHARED) $(CORE_STATIC)) \
		libsockgraft-core.so pkgconfig/$(PKGCONFIG)) \
		$(addprefix $(DESTDIR)$(INCLUDEDIR)/,$(HEADERS)) \
		$(call manual_path,$(MANUALS) $(foreach page,$(MANUALS),$(call manual_links,$(page))))

# Debian packages, in $(BUILD)/deb.
deb:
	packaging/deb $(VERSION) $(BUILD)/deb

clean:
	rm -rf $(BUILD)

# ---- form ----------------------------------------------------------------------------------------------

format:
	clang-format -i $(SOURCES)

lint:
	clang-format --dry-run -Werror $(SOURCES)
	printf '%s\n' $(filter %.c,$(SOURCES)) | # one at a time: from the second on clang-tidy 14 forgets va_start \
		xargs -P "$$(nproc)" -I{} clang-tidy --quiet {} -- -std=gnu17 -D_GNU_SOURCE -Icore $(COMMAND_FLAGS) $(WARN)
	shellcheck -x -P SCRIPTDIR $(wildcard tests/*.bash tests/*.bats tests/ports/*.bats) \
		tests/need tests/run tests/build_ports examples/demo bench/run .ci/run packaging/deb \
		shim/command/completion/sockgraft.bash

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
