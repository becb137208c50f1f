#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

bool stdout_has_colour(void)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
	return isatty(STDOUT_FILENO) && !(refused && *refused) && terminal && strcmp(terminal, "dumb") != 0;
}

// ---- cells ----------------------------------------------------------------------------------------------

// C0, DEL, and C1 as UTF-8 has it.
static bool is_control(const unsigned char *at)
{
	return *at < ' ' || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

static void make_harmless(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++)
		if (is_control(at))
			*at = '?';
}

static void *or_end(void *memory)
{
	if (memory)
		return memory;
	complain("there is no memory");
	exit(EXIT_FINDINGS);
}

void table_add(struct table *table, enum table_style style, const char *text)
{
	if (table->cell_count == table->room) {
		table->room = table->room ? 2 * table->room : 256;
		table->cells = or_end(realloc(table->cells, table->room * sizeof(*table->cells)));
	}
	struct table_cell *cell = &table->cells[table->cell_count++];
	*cell = (struct table_cell){or_end(strdup(text)), style};
	make_harmless(cell->text);
}

void table_clear(struct table *table)
{
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i].text);
	free(table->cells);
	table->cells = NULL;
	table->cell_count = table->room = 0;
}

// ---- printing -------------------------------------------------------------------------------------------

// In characters of UTF-8.
static int width_of(const char *text)
{
	int width = 0;
	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static int column_width(const struct table *table, unsigned column)
{
	int width = width_of(table->columns[column].heading);
	for (size_t i = column; i < table->cell_count; i += table->column_count) {
		int cell = width_of(table->cells[i].text);
		width = cell > width ? cell : width;
	}
	return width;
}

static void print_cell(
        const struct table *table, unsigned column, int width, enum table_style style, const char *text)
{
	static const char *const codes[] = {[TABLE_STRONG] = "\033[1m",
	        [TABLE_GOOD] = "\033[32m",
	        [TABLE_BAD] = "\033[31m",
	        [TABLE_FAINT] = "\033[2m"};
	bool right = table->columns[column].number, last = column + 1 == table->column_count;
	bool coloured = style != TABLE_PLAIN && stdout_has_colour();
	int blanks = width - width_of(text);
	printf("%s%*s%s%s%s%*s%s", column ? "  " : "", right ? blanks : 0, "", coloured ? codes[style] : "",
	        text, coloured ? "\033[0m" : "", right || last ? 0 : blanks, "", last ? "\n" : "");
}

void table_print(const struct table *table)
{
	unsigned columns = table->column_count;
	if (!table->cell_count)
		return;
	int *widths = or_end(calloc(columns, sizeof(*widths)));
	for (unsigned i = 0; i < columns; i++) {
		widths[i] = column_width(table, i);
		print_cell(table, i, widths[i], TABLE_STRONG, table->columns[i].heading);
	}
	for (size_t i = 0; i < table->cell_count; i++) {
		unsigned column = (unsigned)(i % columns);
		print_cell(table, column, widths[column], table->cells[i].style, table->cells[i].text);
	}
	free(widths);
}
