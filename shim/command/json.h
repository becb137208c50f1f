// JSON on stdout, piece by piece; commas and escapes are seen to. Text that is not UTF-8 is written byte by byte as
// \u00XX.
#ifndef SOCKGRAFT_JSON_H
#define SOCKGRAFT_JSON_H

#include <stdbool.h>
#include <stdint.h>

// `key`: the member's name within an object; NULL in an array, and for the outermost value.
void json_open_object(const char *key);
void json_close_object(void);
void json_open_array(const char *key);
void json_close_array(void);
void json_text(const char *key, const char *text); // NULL: null
void json_number(const char *key, int64_t number);
void json_boolean(const char *key, bool value);
void json_null(const char *key);
void json_end(void); // of the whole: a new line

#endif
