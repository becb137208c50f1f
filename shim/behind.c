// The functions behind ours: those that calls would reach without us, as dlsym(RTLD_NEXT) would find them.
//
// dlsym takes some two thousand instructions for a name, and the loader's lock, and may allocate. All names at
// once, by the tables that the loader itself goes by, take a twentieth of that, and nothing that would not be
// safe wherever the first call comes from. What isn't found so (another loader than glibc's, a library without a
// GNU hash table, an indirect function) is left to dlsym.
#include "functions.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

struct functions next;

enum { COUNT = sizeof(next) / sizeof(void *) };

#define EACH(result, name, parameters, arguments, duty) #name "\0"
static const char names[] = SHIM_EACH_FUNCTION;
#undef EACH

// Where each name begins in `names`.
enum {
#define EACH(result, name, parameters, arguments, duty) AT_##name, END_##name = AT_##name + sizeof(#name) - 1,
	SHIM_EACH_FUNCTION
#undef EACH
};

// The GNU hash function, Bernstein's h * 33 + c, of a name of up to 24 bytes, by the compiler.
#define HASH_BYTE(s, n, i, h)                                                                                \
	((h) * ((i) < (n) ? 33U : 1U) + ((i) < (n) ? (unsigned char)(s)[(i) < (n) ? (i) : 0] : 0U))
#define HASH_4(s, n, i, h)                                                                                   \
	HASH_BYTE(s, n, (i) + 3, HASH_BYTE(s, n, (i) + 2, HASH_BYTE(s, n, (i) + 1, HASH_BYTE(s, n, i, h))))
#define HASH(s, n)                                                                                           \
	HASH_4(s, n, 20,                                                                                     \
	        HASH_4(s, n, 16,                                                                             \
	                HASH_4(s, n, 12, HASH_4(s, n, 8, HASH_4(s, n, 4, HASH_4(s, n, 0, 5381U))))))

static const struct name {
	uint32_t hash;
	uint16_t at;
} rows[] = {
#define EACH(result, name, parameters, arguments, duty) {HASH(#name, END_##name - AT_##name), AT_##name},
        SHIM_EACH_FUNCTION
#undef EACH
};

#define EACH(result, name, parameters, arguments, duty)                                                      \
	_Static_assert(END_##name - AT_##name <= 24, "HASH takes 24 bytes");
SHIM_EACH_FUNCTION
#undef EACH

#ifdef __GLIBC__

// Where this library begins, says the linker.
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

// The parts of a loaded library that a look-up needs (System V ABI, "Dynamic Linking").
struct library {
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Half) * versions; // NULL: it has none
	const uint32_t *hashed;      // the GNU hash table: buckets, first symbol, Bloom words, Bloom shift
	ElfW(Addr) base;
};

// glibc adds the base in place, save where the section is read-only: the vDSO's, on some processors everybody's.
static const void *address_in(const ElfW(Dyn) * entry, ElfW(Addr) base)
{
	ElfW(Addr) address = entry->d_un.d_ptr;
	return (const void *)(address < base ? address + base : address);
}

static bool library_open(struct library *library, const struct link_map *map)
{
	*library = (struct library){.base = map->l_addr};
	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		const void *at = address_in(entry, map->l_addr);
		switch (entry->d_tag) {
		case DT_SYMTAB:
			library->symbols = at;
			break;
		case DT_STRTAB:
			library->strings = at;
			break;
		case DT_VERSYM:
			library->versions = at;
			break;
		case DT_GNU_HASH:
			library->hashed = at;
			break;
		}
	}
	return library->hashed && library->symbols && library->strings;
}

// The function that a program linked today would get: a version that is not hidden (0x8000: an old one that is
// kept for old programs). Which one an indirect function stands for, the loader knows.
static void *function_at(const struct library *library, uint32_t i)
{
	const ElfW(Sym) *symbol = &library->symbols[i];
	unsigned type = symbol->st_info & 0xf;
	if (symbol->st_shndx == SHN_UNDEF || (library->versions && library->versions[i] & 0x8000))
		return NULL;
	if (type == STT_GNU_IFUNC)
		return dlsym(RTLD_NEXT, library->strings + symbol->st_name);
	if (type != STT_FUNC && type != STT_NOTYPE)
		return NULL;
	return (void *)(library->base + symbol->st_value);
}

// strcmp, which would have to be looked up first.
static bool is_name(const char *symbol, const char *name)
{
	while (*symbol && *symbol == *name)
		symbol++, name++;
	return *symbol == *name;
}

static void *library_find(const struct library *library, const struct name *wanted)
{
	enum { BITS = 8 * sizeof(ElfW(Addr)) };
	const uint32_t buckets = library->hashed[0], first = library->hashed[1], words = library->hashed[2];
	const ElfW(Addr) *bloom = (const ElfW(Addr) *)(library->hashed + 4);
	const uint32_t *bucket = (const uint32_t *)(bloom + words), *chain = bucket + buckets;
	uint32_t hash = wanted->hash;
	ElfW(Addr) word = bloom[hash / BITS & (words - 1)];
	if (!(word >> hash % BITS & word >> (hash >> library->hashed[3]) % BITS & 1))
		return NULL;
	uint32_t i = bucket[hash % buckets];
	if (!i)
		return NULL;
	do { // the last of a chain has bit 0 set
		void *function;
		if ((chain[i - first] | 1) == (hash | 1) &&
		        is_name(library->strings + library->symbols[i].st_name, names + wanted->at) &&
		        (function = function_at(library, i)))
			return function;
	} while (!(chain[i++ - first] & 1));
	return NULL;
}

// The loader's own entry for this library. A library that is bound lazily has it in its global offset table, where the
// loader finds it at a function's first call (System V ABI, processor supplements).
static const struct link_map *us(void)
{
	const struct link_map *const *table = NULL;
	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_PLTGOT)
			table = address_in(entry, (ElfW(Addr))__ehdr_start);
	if (table && table[1] && table[1]->l_ld == _DYNAMIC)
		return table[1];
	Dl_info unused;
	void *map = NULL;
	return dladdr1(_DYNAMIC, &unused, &map, RTLD_DL_LINKMAP) ? map : NULL;
}

// The loader's list has the libraries in the order in which it searches them.
static void find_by_tables(void **functions)
{
	const struct link_map *map = us();
	unsigned missing = COUNT;
	while (map && missing && (map = map->l_next)) {
		struct library library;
		if (!library_open(&library, map))
			return; // it may define any of those that are still missing
		for (unsigned i = 0; i < COUNT; i++)
			if (!functions[i] && (functions[i] = library_find(&library, &rows[i])))
				missing--;
	}
}

#else

static void find_by_tables(void **functions)
{
	(void)functions;
}

#endif

// In place of what an older libc than the one at hand when this was built doesn't have. A program that looks for it,
// with dlsym, finds our entry.
static long not_there(void)
{
	errno = ENOSYS;
	return -1;
}

void functions_find(void)
{
	void **functions = (void **)&next;
	find_by_tables(functions);
	for (unsigned i = 0; i < COUNT; i++)
		if (!functions[i] && !(functions[i] = dlsym(RTLD_NEXT, names + rows[i].at)))
			functions[i] = (void *)not_there;
}
