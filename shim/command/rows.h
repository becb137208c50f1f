// One row of sockgraft show: a socket, or one membership of it, in a table or as JSON.
#ifndef SOCKGRAFT_ROWS_H
#define SOCKGRAFT_ROWS_H

#include "governed.h"
#include "processes.h"
#include "sockets.h"
#include "table.h"

enum { ROW_COLUMNS = 14 };
extern const struct table_column row_columns[ROW_COLUMNS];

struct row {
	const struct process *process;
	const struct governed *governed;
	const struct inet_socket *socket;
	const struct joined *joined; // NULL: none, or what it joined is not known (socket->refused)
};

void row_to_table(const struct row *row, struct table *table);
void row_to_json(const struct row *row); // an object within an array

#endif
