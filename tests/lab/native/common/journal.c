// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define JOURNAL_MUTEX L"Global\\LabCAJournal"
#define MUTEX_TIMEOUT_MS 10000
#define DETAIL_MAX 2048  // WCHARs of a violation's detail

// The lab cannot go on without its journal: a silent one would make every test pass.
static void die(const char *what)
{
    char text[160];
    DWORD written;
    int length = snprintf(text, sizeof text, "lab journal: %s (error %lu)\r\n", what, GetLastError());

    WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, (DWORD)length, &written, NULL);
    TerminateProcess(GetCurrentProcess(), 0x1ABDEAD);
}

// --- the lock -------------------------------------------------------------------------------------------------------

static SRWLOCK lock = SRWLOCK_INIT;
static volatile DWORD owner;  // only its own thread ever finds its id here, so reading it needs no lock

int lab_enter(void)
{
    if (owner == GetCurrentThreadId())
        return 0;
    AcquireSRWLockExclusive(&lock);
    owner = GetCurrentThreadId();
    return 1;
}

void lab_leave(void)
{
    owner = 0;
    ReleaseSRWLockExclusive(&lock);
}

void lab_process_ending(void)
{
    owner = 0;
    InitializeSRWLock(&lock);
}

// --- JSON -----------------------------------------------------------------------------------------------------------

static void add(struct lab_json *json, const char *text, size_t length)
{
    if (json->length + length + 1 > json->capacity) {
        size_t capacity = (json->capacity + length + 1) * 2;
        char *grown = json->text ? HeapReAlloc(GetProcessHeap(), 0, json->text, capacity)
                                 : HeapAlloc(GetProcessHeap(), 0, capacity);

        if (!grown)
            die("out of memory");
        json->text = grown;
        json->capacity = capacity;
    }
    memcpy(json->text + json->length, text, length);
    json->length += length;
    json->text[json->length] = 0;
}

static void add_text(struct lab_json *json, const char *text)
{
    add(json, text, strlen(text));
}

static void add_key(struct lab_json *json, const char *key)
{
    if (json->length)
        add(json, ",", 1);
    add(json, "\"", 1);
    add_text(json, key);
    add(json, "\":", 2);
}

static size_t encode_utf8(unsigned long code, char *to)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3F));
        to[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3F));
    to[2] = (char)(0x80 | (code >> 6 & 0x3F));
    to[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

// Names come from hostile lists, so lone surrogates and control characters must survive: they go out as \uXXXX.
static void add_quoted(struct lab_json *json, const WCHAR *value)
{
    char piece[8];

    if (!value) {
        add_text(json, "null");
        return;
    }
    add(json, "\"", 1);
    for (; *value; value++) {
        WCHAR unit = *value;

        if (unit == L'"' || unit == L'\\') {
            piece[0] = '\\';
            piece[1] = (char)unit;
            add(json, piece, 2);
        } else if (IS_HIGH_SURROGATE(unit) && IS_LOW_SURROGATE(value[1])) {
            unsigned long code = 0x10000UL + ((unsigned long)(unit - 0xD800) << 10) + (value[1] - 0xDC00UL);

            add(json, piece, encode_utf8(code, piece));
            value++;
        } else if (unit < 0x20 || unit == 0x7F || IS_HIGH_SURROGATE(unit) || IS_LOW_SURROGATE(unit)) {
            snprintf(piece, sizeof piece, "\\u%04X", unit);
            add_text(json, piece);
        } else {
            add(json, piece, encode_utf8(unit, piece));
        }
    }
    add(json, "\"", 1);
}

void lab_json_string(struct lab_json *json, const char *key, const WCHAR *value)
{
    add_key(json, key);
    add_quoted(json, value);
}

void lab_json_text(struct lab_json *json, const char *key, const char *value)
{
    add_key(json, key);
    if (!value) {
        add_text(json, "null");
        return;
    }
    add(json, "\"", 1);
    for (; *value; value++) {
        char piece[8];

        if (*value == '"' || *value == '\\')
            add(json, "\\", 1);
        if ((unsigned char)*value < 0x20) {
            snprintf(piece, sizeof piece, "\\u%04X", (unsigned char)*value);
            add_text(json, piece);
        } else {
            add(json, value, 1);
        }
    }
    add(json, "\"", 1);
}

void lab_json_strings(struct lab_json *json, const char *key, const WCHAR *const *values, size_t count)
{
    add_key(json, key);
    add(json, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i)
            add(json, ",", 1);
        add_quoted(json, values[i]);
    }
    add(json, "]", 1);
}

static void add_formatted(struct lab_json *json, const char *key, const char *format, ...)
{
    char text[32];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_key(json, key);
    add_text(json, text);
}

void lab_json_number(struct lab_json *json, const char *key, long long value)
{
    add_formatted(json, key, "%lld", value);
}

void lab_json_bool(struct lab_json *json, const char *key, int value)
{
    add_formatted(json, key, "%s", value ? "true" : "false");
}

void lab_json_code(struct lab_json *json, const char *key, unsigned long value)
{
    add_formatted(json, key, "\"0x%08lX\"", value);
}

void lab_json_pointer(struct lab_json *json, const char *key, const void *value)
{
    if (value)
        add_formatted(json, key, "\"0x%llx\"", (unsigned long long)(ULONG_PTR)value);
    else
        add_formatted(json, key, "null");
}

void lab_json_free(struct lab_json *json)
{
    if (json->text)
        HeapFree(GetProcessHeap(), 0, json->text);
    json->text = NULL;
    json->length = json->capacity = 0;
}

// --- lines ----------------------------------------------------------------------------------------------------------

static void begin_line(struct lab_json *line)
{
    lab_json_number(line, "t_ms", (long long)GetTickCount64());
    lab_json_number(line, "pid", GetCurrentProcessId());
    lab_json_number(line, "tid", GetCurrentThreadId());
}

static HANDLE take_mutex(void)
{
    HANDLE mutex = CreateMutexW(NULL, FALSE, JOURNAL_MUTEX);
    DWORD waited;

    if (!mutex)
        die("no mutex");
    waited = WaitForSingleObject(mutex, MUTEX_TIMEOUT_MS);
    if (waited != WAIT_OBJECT_0 && waited != WAIT_ABANDONED)
        die("the mutex is never free");
    return mutex;
}

static void append(const char *text, size_t length)
{
    DWORD written = 0;
    HANDLE file = CreateFileW(LAB_JOURNAL_PATH, FILE_APPEND_DATA | SYNCHRONIZE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);

    if (file == INVALID_HANDLE_VALUE)
        die("cannot open the file");
    if (!WriteFile(file, text, (DWORD)length, &written, NULL) || written != length)
        die("cannot write");
    CloseHandle(file);
}

// Wraps the members of `line` as {...} and a line end, writes them and releases `line`.
static void end_line(struct lab_json *line)
{
    struct lab_json whole = LAB_JSON_EMPTY;
    HANDLE mutex;

    add(&whole, "{", 1);
    add(&whole, line->text, line->length);
    add(&whole, "}\n", 2);
    // Windows appends atomically, Wine looks up the end and then writes: two processes could write over each other. The
    // mutex comes before the lock: its holder may be another module of this process whose write needs our lock.
    mutex = take_mutex();
    if (lab_enter()) {
        append(whole.text, whole.length);
        lab_leave();
    }
    ReleaseMutex(mutex);
    CloseHandle(mutex);
    lab_json_free(&whole);
    lab_json_free(line);
}

static void add_object(struct lab_json *line, const char *key, struct lab_json *members)
{
    add_key(line, key);
    add(line, "{", 1);
    if (members && members->length)
        add(line, members->text, members->length);
    add(line, "}", 1);
    if (members)
        lab_json_free(members);
}

void lab_journal_call(const char *function, unsigned call, const unsigned long *result, struct lab_json *args,
                      struct lab_json *out)
{
    DWORD error = GetLastError();
    struct lab_json line = LAB_JSON_EMPTY;

    begin_line(&line);
    lab_json_text(&line, "fn", function);
    lab_json_number(&line, "call", call);
    add_object(&line, "args", args);
    if (result)
        lab_json_code(&line, "hr", *result);
    else
        lab_json_string(&line, "hr", NULL);
    add_object(&line, "out", out);
    end_line(&line);
    SetLastError(error);
}

void lab_journal_event(const char *event, const WCHAR *path)
{
    DWORD error = GetLastError();
    struct lab_json line = LAB_JSON_EMPTY;

    begin_line(&line);
    lab_json_text(&line, "event", event);
    if (path)
        lab_json_string(&line, "path", path);
    end_line(&line);
    SetLastError(error);
}

void lab_journal_file(const char *action, const WCHAR *path, const WCHAR *target)
{
    DWORD error = GetLastError();
    struct lab_json line = LAB_JSON_EMPTY;

    begin_line(&line);
    lab_json_text(&line, "file", action);
    lab_json_string(&line, "path", path);
    if (target)
        lab_json_string(&line, "target", target);
    end_line(&line);
    SetLastError(error);
}

void lab_journal_fault(const char *function, unsigned call, const char *action)
{
    DWORD error = GetLastError();
    struct lab_json line = LAB_JSON_EMPTY;

    begin_line(&line);
    lab_json_text(&line, "fault", action);
    lab_json_text(&line, "fn", function);
    lab_json_number(&line, "call", call);
    end_line(&line);
    SetLastError(error);
}

void lab_journal_violation(const char *name, const WCHAR *detail, ...)
{
    DWORD error = GetLastError();
    struct lab_json line = LAB_JSON_EMPTY;
    WCHAR text[DETAIL_MAX];
    va_list arguments;

    va_start(arguments, detail);
    _vsnwprintf(text, DETAIL_MAX - 1, detail, arguments);
    text[DETAIL_MAX - 1] = 0;
    va_end(arguments);
    begin_line(&line);
    lab_json_text(&line, "violation", name);
    lab_json_string(&line, "detail", text);
    end_line(&line);
    SetLastError(error);
}

// --- small files ----------------------------------------------------------------------------------------------------

static WCHAR *decode(const char *bytes, DWORD length, DWORD *error)
{
    DWORD skip = length >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3) ? 3 : 0;
    int units = 0;
    WCHAR *text;

    if (length > skip) {
        units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, bytes + skip, (int)(length - skip), NULL, 0);
        if (units <= 0) {
            *error = GetLastError();
            return NULL;
        }
    }
    text = HeapAlloc(GetProcessHeap(), 0, ((size_t)units + 1) * sizeof(WCHAR));
    if (!text)
        die("out of memory");
    if (units)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, bytes + skip, (int)(length - skip), text, units);
    text[units] = 0;
    return text;
}

WCHAR *lab_read_text(const WCHAR *path, DWORD *error)
{
    DWORD saved = GetLastError(), done = 0;
    LARGE_INTEGER size;
    WCHAR *text = NULL;
    char *bytes = NULL;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);

    *error = ERROR_SUCCESS;
    if (file == INVALID_HANDLE_VALUE) {
        *error = GetLastError();
        if (*error == ERROR_FILE_NOT_FOUND || *error == ERROR_PATH_NOT_FOUND)
            *error = ERROR_SUCCESS;
        SetLastError(saved);
        return NULL;
    }
    if (!GetFileSizeEx(file, &size))
        *error = GetLastError();
    else if (size.QuadPart > 1 << 20)
        *error = ERROR_FILE_TOO_LARGE;
    else if (!(bytes = HeapAlloc(GetProcessHeap(), 0, (size_t)size.QuadPart + 1)))
        *error = ERROR_NOT_ENOUGH_MEMORY;
    else if (!ReadFile(file, bytes, (DWORD)size.QuadPart, &done, NULL))
        *error = GetLastError();
    else
        text = decode(bytes, done, error);
    if (bytes)
        HeapFree(GetProcessHeap(), 0, bytes);
    CloseHandle(file);
    SetLastError(saved);
    return text;
}
