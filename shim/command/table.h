// Text in columns on stdout, as wide as what stands in them.
#ifndef SOCKGRAFT_TABLE_H
#define SOCKGRAFT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum table_style { TABLE_PLAIN, TABLE_STRONG, TABLE_GOOD, TABLE_BAD, TABLE_FAINT };

struct table_column {
	const char *heading;
	bool number; // stands at the right
};

struct table_cell {
	char *text;
	enum table_style style;
};

// Zeroed but for the columns it is empty.
struct table {
	const struct table_column *columns;
	unsigned column_count;
	struct table_cell *cells; // row by row
	size_t cell_count, room;
};

// The next cell, from left to right and from one row to the next. What a terminal would take for a command is
// shown as "?". Where there is no memory, the command ends.
void table_add(struct table *table, enum table_style style, const char *text);

// The rows, below their headings; nothing if there are none. Styles are seen only where stdout_has_colour().
void table_print(const struct table *table);

// Takes the rows away.
void table_clear(struct table *table);

// Whether stdout is a terminal whose user doesn't mind (https://no-color.org).
bool stdout_has_colour(void);

#endif
