/* SPDX-License-Identifier: MIT */
/* Parsing of scalars, one function a type, and the description of what each type allows. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/url.h"
#include "config/values.h"

#define DNS_PORT 53 /* where `nameserver` is asked unless it names a port */
#define BLANKS   " \t"

static const struct {
        const char *name;
        uint64_t usec;
} units[] = {
        { "d", 24 * 3600 * USEC_PER_SEC },
        { "h", 3600 * USEC_PER_SEC },
        { "min", 60 * USEC_PER_SEC },
        { "s", USEC_PER_SEC },
        { "ms", USEC_PER_MSEC },
        { "us", 1 },
        /* From here on read, but not written. */
        { "day", 24 * 3600 * USEC_PER_SEC },
        { "days", 24 * 3600 * USEC_PER_SEC },
        { "w", 7 * 24 * 3600 * USEC_PER_SEC },
        { "m", 60 * USEC_PER_SEC },
};

enum { UNITS_WRITTEN = 6 };

/* Reads decimal digits and moves `*p` behind them; a leading zero is refused, since YAML 1.1 takes it for octal. */
static int read_digits(const char **p, uint64_t *ret) {
        const char *c = *p;
        uint64_t n = 0;
        bool big = false;

        if (*c < '0' || *c > '9' || (c[0] == '0' && c[1] >= '0' && c[1] <= '9'))
                return -EINVAL;
        for (; *c >= '0' && *c <= '9'; c++)
                big |= __builtin_mul_overflow(n, 10, &n) ||
                       __builtin_add_overflow(n, (unsigned) (*c - '0'), &n);

        *p = c;
        *ret = n;
        return big ? -ERANGE : 0;
}

/* Reads "30", "30s" or "30 s" and moves `*p` behind it and the blanks that follow. */
static int read_duration(const char **p, uint64_t *ret) {
        uint64_t n, unit = USEC_PER_SEC;
        int r = read_digits(p, &n);

        if (r == -EINVAL)
                return r;
        *p += strspn(*p, BLANKS);

        size_t length = strcspn(*p, BLANKS "0123456789");
        if (length > 0) {
                size_t i = 0;

                while (i < ARRAY_SIZE(units) &&
                       (strlen(units[i].name) != length || strncmp(units[i].name, *p, length) != 0))
                        i++;
                if (i == ARRAY_SIZE(units))
                        return -EINVAL;
                unit = units[i].usec;
                *p += length;
                *p += strspn(*p, BLANKS);
        }
        if (r == 0 && __builtin_mul_overflow(n, unit, ret))
                r = -ERANGE;
        return r;
}

static int store_string(const char *text, size_t length, void *field) {
        char *copy = strndup(text, length);

        if (!copy)
                return -ENOMEM;
        free(*(char **) field);
        *(char **) field = copy;
        return 0;
}

static int parse_number(const DdnsSetting *s, const char *text, char *record) {
        uint64_t n;
        int r = read_digits(&text, &n);

        if (r == -EINVAL || *text != '\0')
                return -EINVAL;
        if (r < 0 || n < s->min || n > s->max)
                return -ERANGE;
        *(uint32_t *) (record + s->offset) = (uint32_t) n;
        return 0;
}

static int parse_duration(const DdnsSetting *s, const char *text, char *record) {
        uint64_t sum = 0;
        bool big = false;

        do {
                uint64_t part;
                int r = read_duration(&text, &part);

                if (r == -EINVAL)
                        return r;
                big |= r < 0 || __builtin_add_overflow(sum, part, &sum);
        } while (*text != '\0');

        if (big || sum < s->min || sum > s->max)
                return -ERANGE;
        *(uint64_t *) (record + s->offset) = sum;
        return 0;
}

#define DURATIONS_MAX ARRAY_SIZE(((DdnsConfig *) NULL)->queue.backoff_usec)

static int parse_durations(const DdnsSetting *s, const char *text, char *record) {
        uint64_t *values = (uint64_t *) (record + s->offset);
        size_t n = 0;
        int result = 0;

        do {
                uint64_t value;
                int r = read_duration(&text, &value);

                if (r == -EINVAL)
                        return r;
                /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the built-in multiplication has set it */
                if (r < 0 || value < s->min || value > s->max || n == DURATIONS_MAX)
                        result = -ERANGE;
                else
                        values[n++] = value;
        } while (*text != '\0');

        *(size_t *) (record + s->count) = n;
        return result;
}

static int parse_choice(const DdnsSetting *s, const char *text, char *record) {
        for (uint64_t i = s->min; i <= s->max; i++)
                if (s->choices[i] && strcmp(s->choices[i], text) == 0) {
                        if (s->size == sizeof(bool))
                                *(bool *) (record + s->offset) = i;
                        else
                                *(unsigned *) (record + s->offset) = (unsigned) i;
                        return 0;
                }
        return -ERANGE;
}

static bool is_letter_or_digit(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* So that equal hosts compare equal. */
static int store_host(const char *text, size_t length, char *field) {
        int r = store_string(text, length > 1 && text[length - 1] == '.' ? length - 1 : length, field);

        for (char *c = r < 0 ? NULL : *(char **) field; c && *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char) (*c - 'A' + 'a');
        return r;
}

static int parse_word(const DdnsSetting *s, const char *text, char *record) {
        size_t length = strlen(text);

        for (const char *c = text; *c; c++)
                if (!is_letter_or_digit(*c) && !strchr(s->extra, *c))
                        return -ERANGE;
        /* Such names become parts of file names and options in places. */
        if (length < s->min || length > s->max || text[0] == '.' || text[0] == '-')
                return -ERANGE;
        return s->flags & DDNS_SETTING_HOST ? store_host(text, length, record + s->offset)
                                            : store_string(text, length, record + s->offset);
}

static int parse_text(const DdnsSetting *s, const char *text, char *record) {
        size_t length = strlen(text);

        for (const char *c = text; *c; c++)
                if (*c <= ' ' || *c >= 0x7f || *c == ':')
                        return -ERANGE;
        if (length < s->min || length > s->max)
                return -ERANGE;
        return store_string(text, length, record + s->offset);
}

static int parse_checked(const DdnsSetting *s, const char *text, char *record,
                         bool (*check)(const char *text)) {
        if (!check(text))
                return -EINVAL;
        if (strlen(text) > s->max)
                return -ERANGE;
        return store_string(text, strlen(text), record + s->offset);
}

static int parse_url(const DdnsSetting *s, const char *text, char *record) {
        return parse_checked(s, text, record, ddns_is_url);
}

static int parse_pin(const DdnsSetting *s, const char *text, char *record) {
        return parse_checked(s, text, record, ddns_is_pin);
}

/* Copies an absolute path without doubled and trailing slashes and without ".", so that equal directories compare
 * equal. Zone files and include files are quoted in named's configuration, hence the characters refused. */
static int normalize_path(const char *text, size_t max, char **ret) {
        ddns_cleanup(ddns_freep) char *path = malloc(strlen(text) + 1);
        size_t n = 0;

        if (!path)
                return -ENOMEM;
        if (text[0] != '/')
                return -EINVAL;
        for (const char *c = text; *c; c++)
                if ((unsigned char) *c < ' ' || *c == 0x7f || strchr("\"'\\;", *c))
                        return -ERANGE;

        for (const char *c = text + strspn(text, "/"); *c; c += strspn(c, "/")) {
                size_t length = strcspn(c, "/");

                if (length == 2 && memcmp(c, "..", 2) == 0)
                        return -ERANGE;
                if (length != 1 || *c != '.') {
                        path[n++] = '/';
                        memcpy(path + n, c, length);
                        n += length;
                }
                c += length;
        }
        path[n] = '\0';
        if (n == 0 || n > max)
                return -ERANGE;
        *ret = TAKE_PTR(path);
        return 0;
}

static int parse_path(const DdnsSetting *s, const char *text, char *record) {
        char **field = (char **) (record + s->offset), *path;
        int r = normalize_path(text, s->max, &path);

        if (r < 0)
                return r;
        free(*field);
        *field = path;
        return 0;
}

static int parse_secret(const DdnsSetting *s, const char *text, char *record) {
        static const DdnsSetting credential = { .min = 1, .max = 255, .extra = "-_.", .offset = 0 };

        if (text[0] == '/')
                return parse_path(s, text, record);
        return parse_word(&credential, text, record + s->offset);
}

static int parse_address(const DdnsSetting *s, const char *text, char *record) {
        DdnsSockaddr a;

        if (strchr(text, '@') || ddns_sockaddr_parse(text, 0, &a) < 0)
                return -EINVAL;
        return store_string(text, strlen(text), record + s->offset);
}

/* Appends one element to the row's list. */
static int append(const DdnsSetting *s, const void *element, char *record) {
        char **list = (char **) (record + s->offset);
        size_t *n = (size_t *) (record + s->count);

        char *grown = reallocarray(*list, *n + 1, s->size);
        if (!grown)
                return -ENOMEM;
        *list = grown;
        memcpy(grown + (*n)++ * s->size, element, s->size);
        return 0;
}

static int append_endpoint(const DdnsSetting *s, const char *text, char *record) {
        DdnsSockaddr a = { 0 };

        return ddns_sockaddr_parse(text, DNS_PORT, &a) < 0 ? -EINVAL : append(s, &a, record);
}

static int append_prefix(const DdnsSetting *s, const char *text, char *record) {
        DdnsPrefix prefix;

        return ddns_prefix_parse(text, &prefix) < 0 ? -EINVAL : append(s, &prefix, record);
}

static const struct {
        const char *name;
        int (*parse)(const DdnsSetting *s, const char *text, char *record);
        const char *allowed; /* NULL: depends on the row */
} types[_DDNS_SETTING_TYPE_MAX] = {
        [DDNS_SETTING_NUMBER] = { "number", parse_number },
        [DDNS_SETTING_DURATION] = { "duration", parse_duration },
        [DDNS_SETTING_DURATIONS] = { "duration list", parse_durations },
        [DDNS_SETTING_CHOICE] = { "choice", parse_choice },
        [DDNS_SETTING_WORD] = { "name", parse_word },
        [DDNS_SETTING_TEXT] = { "text", parse_text },
        [DDNS_SETTING_PATH] = { "path", parse_path },
        [DDNS_SETTING_URL] = { "URL", parse_url, "http://HOST[:PORT] or https://HOST[:PORT]" },
        [DDNS_SETTING_PIN] = { "pin", parse_pin, "sha256//BASE64, several with ';' between" },
        [DDNS_SETTING_SECRET] = { "secret", parse_secret,
                                  "an absolute path, or the name of a systemd credential" },
        [DDNS_SETTING_ADDRESS] = { "address", parse_address, "an IP address" },
        [DDNS_SETTING_ENDPOINTS] = { "endpoint", append_endpoint },
        [DDNS_SETTING_PREFIXES] = { "network", append_prefix },
        [DDNS_SETTING_RECORDS] = { "list", NULL },
};

int ddns_value_parse(const DdnsSetting *s, const char *text, void *record) {
        return types[s->type].parse(s, text, record);
}

const char *ddns_value_type_name(DdnsSettingType type) {
        return types[type].name;
}

/* "90d", "100ms": the largest unit that leaves no rest. */
static void format_duration(uint64_t usec, char ret[32]) {
        size_t i = 0;

        while (i < UNITS_WRITTEN - 1 && usec % units[i].usec != 0)
                i++;
        if (usec == 0)
                (void) snprintf(ret, 32, "0");
        else
                (void) snprintf(ret, 32, "%" PRIu64 "%s", usec / units[i].usec, units[i].name);
}

static void describe_choices(const DdnsSetting *s, DdnsMessage *ret) {
        size_t n = 0;

        for (uint64_t i = s->min; i <= s->max; i++)
                if (s->choices[i] && n < sizeof ret->text)
                        n += (size_t) snprintf(ret->text + n, sizeof ret->text - n, "%s%s",
                                               n > 0 ? ", " : "", s->choices[i]);
}

void ddns_value_describe(const DdnsSetting *s, DdnsMessage *ret) {
        char min[32], max[32];

        format_duration(s->min, min);
        format_duration(s->max, max);
        switch (s->type) {
        case DDNS_SETTING_NUMBER:
                (void) ddns_fail(ret, 0, "%" PRIu64 " to %" PRIu64, s->min, s->max);
                break;
        case DDNS_SETTING_DURATION:
                (void) ddns_fail(ret, 0, "%s to %s", min, max);
                break;
        case DDNS_SETTING_DURATIONS:
                (void) ddns_fail(ret, 0, "1 to %zu durations of %s to %s, blanks between them",
                                 DURATIONS_MAX, min, max);
                break;
        case DDNS_SETTING_CHOICE:
                describe_choices(s, ret);
                break;
        case DDNS_SETTING_WORD:
                (void) ddns_fail(ret, 0,
                                 "at most %" PRIu64
                                 " letters, digits and '%s', beginning with a letter, digit or '_'",
                                 s->max, s->extra);
                break;
        case DDNS_SETTING_TEXT:
                (void) ddns_fail(ret, 0, "at most %" PRIu64 " ASCII characters without blanks and ':'",
                                 s->max);
                break;
        case DDNS_SETTING_PATH:
                (void) ddns_fail(ret, 0,
                                 "an absolute path of at most %" PRIu64
                                 " bytes without quotes, '\\', ';', '..' and control characters",
                                 s->max);
                break;
        case DDNS_SETTING_ENDPOINTS:
                if (s->max == 1)
                        (void) ddns_fail(ret, 0, "IP or IP@PORT");
                else
                        (void) ddns_fail(ret, 0, "IP or IP@PORT, or a list of at most %" PRIu64, s->max);
                break;
        case DDNS_SETTING_PREFIXES:
                (void) ddns_fail(ret, 0,
                                 "at most %" PRIu64
                                 " IP addresses, or networks with no bits set behind the prefix",
                                 s->max);
                break;
        case DDNS_SETTING_RECORDS:
                (void) ddns_fail(ret, 0, "at most %" PRIu64 " entries", s->max);
                break;
        default:
                (void) ddns_fail(ret, 0, "%s", types[s->type].allowed);
        }
}
