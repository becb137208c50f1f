#include "numbered.h"

#include <endian.h>
#include <string.h>

static const char magic[16] = "sockgraft path 1";

enum { AT_SENDER = 16, AT_SEQUENCE = 24, AT_TOTAL = 28, AT_LAST = 32, AT_TIME = 40 };

static void put32(unsigned char *at, uint32_t number)
{
	number = htobe32(number);
	memcpy(at, &number, sizeof(number));
}

static void put64(unsigned char *at, uint64_t number)
{
	number = htobe64(number);
	memcpy(at, &number, sizeof(number));
}

static uint32_t get32(const unsigned char *at)
{
	uint32_t number;
	memcpy(&number, at, sizeof(number));
	return be32toh(number);
}

static uint64_t get64(const unsigned char *at)
{
	uint64_t number;
	memcpy(&number, at, sizeof(number));
	return be64toh(number);
}

void numbered_write(const struct numbered *numbered, unsigned char bytes[NUMBERED_SIZE])
{
	memset(bytes, 0, NUMBERED_SIZE);
	memcpy(bytes, magic, sizeof(magic));
	put64(bytes + AT_SENDER, numbered->sender);
	put32(bytes + AT_SEQUENCE, numbered->sequence);
	put32(bytes + AT_TOTAL, numbered->total);
	put32(bytes + AT_LAST, numbered->last);
	put64(bytes + AT_TIME, (uint64_t)numbered->time);
}

bool numbered_read(const unsigned char *bytes, size_t length, struct numbered *numbered)
{
	if (length < NUMBERED_SIZE || memcmp(bytes, magic, sizeof(magic)) != 0)
		return false;
	*numbered = (struct numbered){.sender = get64(bytes + AT_SENDER),
	        .sequence = get32(bytes + AT_SEQUENCE),
	        .total = get32(bytes + AT_TOTAL),
	        .last = get32(bytes + AT_LAST),
	        .time = (int64_t)get64(bytes + AT_TIME)};
	return true;
}
