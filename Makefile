# sockgraft: `make` builds the library, `make demo` shows it, `make test` tests it, `make bench` measures it.

PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
DESTDIR ?=
BUILD   ?= build

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
# The shim defines the functions that _FORTIFY_SOURCE would redefine.
BASE    := -std=gnu17 -D_GNU_SOURCE -U_FORTIFY_SOURCE -fPIC -fvisibility=hidden -MMD -MP $(WARN)
LINK    := -Wl,--as-needed -Wl,--no-undefined -Wl,-z,now -Wl,-z,relro

ASAN    := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

objects  = $(patsubst %.c,$(BUILD)/%.o,$(1))
CORE    := $(call objects,$(wildcard core/*.c))
POLICY  := $(call objects,$(wildcard core/policy/*.c))
SHIM    := $(call objects,$(wildcard shim/*.c))
LIBRARY := $(BUILD)/libsockgraft.so
EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
BENCH   := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
HELPERS := $(patsubst tests/helpers/%.c,$(BUILD)/tests/%,$(wildcard tests/helpers/*.c)) $(BUILD)/tests/fuzz_policy
SOURCES := $(wildcard core/*.[ch] core/policy/*.[ch] shim/*.[ch] examples/*.c tests/helpers/*.c tests/fuzz/*.c \
	bench/*.[ch])

.PHONY: all demo bench test check-needs test-builds fuzz install uninstall clean format lint

all: $(LIBRARY)

# In the shim core goes to the kernel by the functions behind ours: shim/kernel.c takes core/kernel.c's place.
$(LIBRARY): $(SHIM) $(POLICY) $(filter-out $(BUILD)/core/kernel.o,$(CORE))
	$(CC) $(CFLAGS) $(LDFLAGS) $(LINK) -shared -o $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/examples/%: examples/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/bench/%: bench/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<

# The fuzz target without the fuzzer, for what it once found.
$(BUILD)/tests/fuzz_policy: tests/fuzz/policy.c $(CORE) $(POLICY)
	@mkdir -p $(@D)
	$(CC) $(BASE) -DSTANDALONE $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/%: $(BUILD)/tests/helpers/%.o $(CORE) $(POLICY)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

demo: all $(EXAMPLES)
	@examples/demo $(BUILD)

bench: all $(BENCH)
	@bench/run $(BUILD)

# ---- tests ---------------------------------------------------------------------------------------------

test-builds: all $(EXAMPLES) $(HELPERS)

test: check-needs
	$(MAKE) BUILD=$(BUILD) test-builds
	$(MAKE) BUILD=$(BUILD)/asan CFLAGS="-O1 -g $(ASAN)" LINK="-Wl,-z,now" test-builds
	tests/run $(BUILD) $(BUILD)/asan

check-needs:
	@tests/need

FUZZ_SECONDS ?= 60
fuzz:
	@command -v clang >/dev/null || { echo "make fuzz: libFuzzer comes with clang: apt-get install clang" >&2; exit 1; }
	$(MAKE) $(BUILD)/fuzz/policy
	@mkdir -p $(BUILD)/fuzz/corpus
	$(BUILD)/fuzz/policy -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 $(BUILD)/fuzz/corpus \
		tests/fuzz/corpus/policy

$(BUILD)/fuzz/policy: $(wildcard core/*.[ch] core/policy/*.[ch]) tests/fuzz/policy.c
	@mkdir -p $(@D)
	clang -std=gnu17 -D_GNU_SOURCE -O1 -g $(WARN) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^)

# ---- installation --------------------------------------------------------------------------------------

install: all
	install -D -m 644 $(LIBRARY) $(DESTDIR)$(LIBDIR)/libsockgraft.so

uninstall:
	rm -f $(DESTDIR)$(LIBDIR)/libsockgraft.so

clean:
	rm -rf $(BUILD)

# ---- form ----------------------------------------------------------------------------------------------

format:
	clang-format -i $(SOURCES)

lint:
	clang-format --dry-run -Werror $(SOURCES)
	clang-tidy --quiet $(filter %.c,$(SOURCES)) -- -std=gnu17 -D_GNU_SOURCE $(WARN)
	shellcheck -x -P SCRIPTDIR $(wildcard tests/*.bash tests/*.bats examples/demo tests/need tests/run bench/run .ci/run)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
