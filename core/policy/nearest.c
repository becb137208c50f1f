// The known word that an unknown one was most likely meant to be.
#include "reader.h"

#include <string.h>

enum { LONGEST_TYPO = 40 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static char folded(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

// How many bytes to insert, leave out, change or swap with the next: the "optimal string alignment" distance.
// Three rows of its matrix are enough, since a swap looks two rows back.
static unsigned distance_of(struct span word, struct span known)
{
	unsigned rows[3][LONGEST_TYPO + 1];
	for (unsigned j = 0; j <= known.length; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= word.length; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
		row[0] = i;
		for (unsigned j = 1; j <= known.length; j++) {
			char a = folded(word.start[i - 1]), b = folded(known.start[j - 1]);
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a != b));
			if (i > 1 && j > 1 && a == folded(known.start[j - 2]) &&
			        folded(word.start[i - 2]) == b)
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[word.length % 3][known.length];
}

bool nearest_is(struct nearest *nearest, const char *candidate)
{
	struct span known = span_of(candidate);
	if (!nearest->word.length || nearest->word.length > LONGEST_TYPO || known.length > LONGEST_TYPO)
		return false;
	// Whoever wrote only the start of a word meant that word, however long it is.
	bool start = nearest->word.length > 2 && nearest->word.length < known.length &&
	             !memcmp(nearest->word.start, candidate, nearest->word.length);
	unsigned distance = start ? 1 : distance_of(nearest->word, known);
	if (nearest->found && distance >= nearest->distance)
		return false;
	nearest->distance = distance;
	nearest->found = true;
	return true;
}
