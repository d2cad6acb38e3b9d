// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "fault.h"

#include "journal.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LINES_MAX 128
#define NAME_MAX 80
#define PART_MAX 128
#define COUNTERS_MAX 64
#define CRASH_CODE 0xC0000005

// --- what may be asked of which function ----------------------------------------------------------------------------

enum kind {
    KIND_CALL = 1,      // any exported function
    KIND_RESULT = 2,    // returns a code, so it can fail with one
    KIND_CA = 4,        // an export of certadm.dll: can change the simulated CA
    KIND_ONLINE = 8,    // CertSrvIsServerOnlineW
    KIND_READ = 16,     // CertSrvBackupRead
    KIND_LIST = 32,     // gives a list of names
    KIND_NT = 64,       // a file-system call: needs @<path part>
    KIND_SPACE = 128,   // NtQueryVolumeInformationFile
    KIND_DATA = 256,    // NtReadFile, NtWriteFile
    KIND_PREPARE = 512, // CertSrvBackupPrepareW
    KIND_ANSWER = 1024  // an export of certadm.dll with a result
};

#define CA_CALL (KIND_CALL | KIND_RESULT | KIND_CA | KIND_ANSWER)
#define SHIM_CALL (KIND_CALL | KIND_RESULT)

static const struct {
    const char *name;
    unsigned kinds;
} functions[] = {
    {"CertSrvIsServerOnlineW", CA_CALL | KIND_ONLINE},
    {"CertSrvBackupPrepareW", CA_CALL | KIND_PREPARE},
    {"CertSrvBackupGetDatabaseNamesW", CA_CALL | KIND_LIST},
    {"CertSrvBackupGetBackupLogsW", CA_CALL | KIND_LIST},
    {"CertSrvBackupGetDynamicFileListW", CA_CALL | KIND_LIST},
    {"CertSrvBackupOpenFileW", CA_CALL},
    {"CertSrvBackupRead", CA_CALL | KIND_READ},
    {"CertSrvBackupClose", CA_CALL},
    {"CertSrvBackupTruncateLogs", CA_CALL},
    {"CertSrvBackupEnd", CA_CALL},
    {"CertSrvBackupFree", KIND_CALL | KIND_CA},
    {"CertSrvRestoreGetDatabaseLocationsW", CA_CALL | KIND_LIST},
    {"CertSrvRestorePrepareW", CA_CALL},
    {"CertSrvRestoreRegisterW", CA_CALL},
    {"CertSrvRestoreRegisterThroughFile", CA_CALL},
    {"CertSrvRestoreRegisterComplete", CA_CALL},
    {"CertSrvRestoreEnd", CA_CALL},
    {"CertSrvServerControlW", CA_CALL},
    {"LoadLibrary", SHIM_CALL},
    {"FreeLibrary", SHIM_CALL},
    {"OpenSCManagerW", SHIM_CALL},
    {"NtCreateFile", SHIM_CALL | KIND_NT},
    {"NtOpenFile", SHIM_CALL | KIND_NT},
    {"NtReadFile", SHIM_CALL | KIND_NT | KIND_DATA},
    {"NtWriteFile", SHIM_CALL | KIND_NT | KIND_DATA},
    {"NtFlushBuffersFile", SHIM_CALL | KIND_NT},
    {"NtSetInformationFile", SHIM_CALL | KIND_NT},
    {"NtSetSecurityObject", SHIM_CALL | KIND_NT},
    {"NtQueryAttributesFile", SHIM_CALL | KIND_NT},
    {"NtQueryVolumeInformationFile", SHIM_CALL | KIND_NT | KIND_SPACE},
};

enum argument { ARGUMENT_NONE, ARGUMENT_CODE, ARGUMENT_SUCCESS, ARGUMENT_NUMBER, ARGUMENT_SHIFT, ARGUMENT_TEXT };

static const struct {
    const char *name;
    enum lab_fault_action action;
    unsigned kind;
    enum argument argument;
} actions[] = {
    {"hresult", LAB_FAULT_HRESULT, KIND_RESULT, ARGUMENT_CODE},
    {"crash", LAB_FAULT_CRASH, KIND_CALL, ARGUMENT_NONE},
    {"hang", LAB_FAULT_HANG, KIND_CALL, ARGUMENT_NONE},
    {"slow", LAB_FAULT_SLOW, KIND_CALL, ARGUMENT_NUMBER},
    {"crash_after", LAB_FAULT_CRASH_AFTER, KIND_CALL, ARGUMENT_NONE},
    {"stop_service", LAB_FAULT_STOP_SERVICE, KIND_CA | KIND_NT, ARGUMENT_NONE},
    {"add_log", LAB_FAULT_ADD_LOG, KIND_CA | KIND_NT, ARGUMENT_NONE},
    {"paused", LAB_FAULT_PAUSED, KIND_ONLINE, ARGUMENT_NONE},
    {"eof", LAB_FAULT_EOF, KIND_READ, ARGUMENT_NONE},
    {"long", LAB_FAULT_LONG, KIND_READ, ARGUMENT_NUMBER},
    {"overcount", LAB_FAULT_OVERCOUNT, KIND_READ, ARGUMENT_NONE},
    {"corrupt", LAB_FAULT_CORRUPT, KIND_READ | KIND_DATA, ARGUMENT_NONE},
    {"append", LAB_FAULT_APPEND, KIND_LIST, ARGUMENT_TEXT},
    {"replace", LAB_FAULT_REPLACE, KIND_LIST, ARGUMENT_TEXT},
    {"empty", LAB_FAULT_EMPTY, KIND_LIST, ARGUMENT_NONE},
    {"form", LAB_FAULT_FORM, KIND_LIST, ARGUMENT_TEXT},
    {"answer", LAB_FAULT_ANSWER, KIND_ANSWER, ARGUMENT_SUCCESS},
    {"end_code", LAB_FAULT_END_CODE, KIND_READ, ARGUMENT_CODE},
    {"no_session", LAB_FAULT_NO_SESSION, KIND_PREPARE, ARGUMENT_NONE},
    {"free", LAB_FAULT_FREE, KIND_SPACE, ARGUMENT_NUMBER},
    {"set_clock", LAB_FAULT_SET_CLOCK, KIND_CALL, ARGUMENT_SHIFT},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static unsigned kinds_of(const char *function)
{
    static const char resolved[] = "GetProcAddress:";
    size_t prefix = sizeof resolved - 1;

    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        if (!strcmp(function, functions[i].name))
            return functions[i].kinds;
        if ((functions[i].kinds & KIND_CA) && !strncmp(function, resolved, prefix) &&
            !strcmp(function + prefix, functions[i].name))
            return SHIM_CALL;
    }
    return 0;
}

// --- the parsed file ------------------------------------------------------------------------------------------------

struct rule {
    char function[NAME_MAX];
    WCHAR part[PART_MAX];  // empty: any path
    unsigned wanted;       // 0: every call
    unsigned seen;
    const char *action_name;
    struct lab_fault fault;
};

struct counter {
    const char *function;
    unsigned count;
};

// All of it is guarded by lab_enter().
static struct rule rules[LINES_MAX];
static size_t rule_count;
static struct counter counters[COUNTERS_MAX];
static int loaded;
static int broken;

// Cuts the next word (up to one space) from the line; NULL at its end.
static WCHAR *next_word(WCHAR **line)
{
    WCHAR *word = *line, *space;

    if (!word || !*word)
        return NULL;
    space = wcschr(word, L' ');
    if (space)
        *space = 0;
    *line = space ? space + 1 : NULL;
    return word;
}

static int parse_number(const WCHAR *text, unsigned long long *number)
{
    WCHAR *end;

    if (!text || *text < L'0' || *text > L'9')
        return 0;
    *number = wcstoull(text, &end, 10);
    return !*end;
}

static int parse_shift(const WCHAR *text, unsigned long long *number)
{
    int negative = text && *text == L'-';

    if (!parse_number(text + (negative ? 1 : 0), number))
        return 0;
    if (negative)
        *number = 0 - *number;
    return 1;
}

static int parse_code(const WCHAR *text, unsigned long long *number)
{
    WCHAR *end;

    if (!text || wcslen(text) != 10 || wcsncmp(text, L"0x", 2) || !iswxdigit(text[2]))
        return 0;
    *number = wcstoull(text + 2, &end, 16);
    return !*end;
}

// `\xNNNN` is a WCHAR, everything else stands for itself.
static int parse_text(const WCHAR *text, struct lab_fault *fault)
{
    if (!text || !*text)
        return 0;
    fault->text_length = 0;
    while (*text) {
        WCHAR unit = *text++;

        if (fault->text_length + 1 >= LAB_FAULT_TEXT)
            return 0;
        if (unit == L'\\' && *text == L'x' && iswxdigit(text[1]) && iswxdigit(text[2]) && iswxdigit(text[3]) &&
            iswxdigit(text[4])) {
            WCHAR digits[5] = {text[1], text[2], text[3], text[4], 0};

            unit = (WCHAR)wcstoul(digits, NULL, 16);
            text += 5;
        }
        fault->text[fault->text_length++] = unit;
    }
    fault->text[fault->text_length] = 0;
    return 1;
}

static int parse_function(WCHAR *word, struct rule *rule)
{
    WCHAR *part = wcschr(word, L'@');
    unsigned kinds;
    size_t length;

    if (part) {
        *part++ = 0;
        if (!*part || wcslen(part) >= PART_MAX)
            return 0;
        wcscpy(rule->part, part);
    }
    length = wcslen(word);
    if (length >= NAME_MAX)
        return 0;
    for (size_t i = 0; i <= length; i++)
        rule->function[i] = word[i] < 0x80 ? (char)word[i] : '?';
    kinds = kinds_of(rule->function);
    return kinds && !(kinds & KIND_NT) == !part;
}

// `<call> <action> [argument]`
static int parse_action(WCHAR *line, unsigned kinds, struct rule *rule)
{
    WCHAR *call = next_word(&line), *word = next_word(&line);
    unsigned long long wanted = 0;

    if (!word || (wcscmp(call, L"*") && (!parse_number(call, &wanted) || !wanted || wanted > UINT_MAX)))
        return 0;
    rule->wanted = (unsigned)wanted;
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        size_t length = strlen(actions[i].name), at = 0;

        while (at <= length && word[at] == (WCHAR)actions[i].name[at])
            at++;
        if (at <= length)
            continue;
        rule->action_name = actions[i].name;
        rule->fault.action = actions[i].action;
        if (!(kinds & actions[i].kind))
            return 0;
        switch (actions[i].argument) {
        case ARGUMENT_NONE:
            return !line;
        case ARGUMENT_CODE:
            return parse_code(line, &rule->fault.number);
        case ARGUMENT_SUCCESS:
            return parse_code(line, &rule->fault.number) && rule->fault.number <= INT_MAX;
        case ARGUMENT_NUMBER:
            return parse_number(line, &rule->fault.number);
        case ARGUMENT_SHIFT:
            return parse_shift(line, &rule->fault.number);
        case ARGUMENT_TEXT:
            return parse_text(line, &rule->fault);
        }
    }
    return 0;
}

// A path part may hold spaces, so the function ends where a call number follows; what is behind it must be an action.
static WCHAR *end_of_function(WCHAR *line)
{
    for (WCHAR *space = wcschr(line, L' '); space; space = wcschr(space + 1, L' ')) {
        const WCHAR *call = space + 1, *end = call + wcsspn(call, L"0123456789");

        if (*call == L'*')
            end = call + 1;
        if (end > call && *end == L' ')
            return space;
    }
    return NULL;
}

static int parse_rule(WCHAR *line, struct rule *rule)
{
    WCHAR *end = end_of_function(line);

    memset(rule, 0, sizeof *rule);
    if (!end)
        return 0;
    *end = 0;
    return parse_function(line, rule) && parse_action(end + 1, kinds_of(rule->function), rule);
}

// Returns the number of the first line that is not understood, or 0.
static unsigned parse(WCHAR *text)
{
    unsigned number = 0;

    for (WCHAR *line = text, *next; line; line = next) {
        size_t length;

        next = wcschr(line, L'\n');
        if (next)
            *next++ = 0;
        length = wcslen(line);
        if (length && line[length - 1] == L'\r')
            line[--length] = 0;
        if (!number++) {
            if (wcsncmp(line, L"case ", 5))
                return number;
        } else if (length) {
            if (rule_count == LINES_MAX || !parse_rule(line, &rules[rule_count]))
                return number;
            rule_count++;
        }
    }
    return 0;
}

// Inside lab_enter(). Returns the line that is not understood, 0 when all is well; *error: the file cannot be read.
static unsigned load(DWORD *error)
{
    WCHAR *text = lab_read_text(LAB_FAULTS_PATH, error);
    unsigned bad = 0;

    rule_count = 0;
    if (text) {
        bad = parse(text);
        HeapFree(GetProcessHeap(), 0, text);
    }
    broken = bad || *error;
    loaded = 1;
    return bad;
}

// The journal takes the lock itself, so complaints wait until it is free again.
static void complain(unsigned bad_line, DWORD error)
{
    if (bad_line)
        lab_journal_violation("faults_unreadable", L"line %u of %ls is not understood", bad_line, LAB_FAULTS_PATH);
    else if (error)
        lab_journal_violation("faults_unreadable", L"%ls cannot be read: error %lu", LAB_FAULTS_PATH, error);
}

void lab_fault_reload(void)
{
    DWORD error = 0;
    unsigned bad;

    if (!lab_enter())
        return;
    memset(counters, 0, sizeof counters);
    bad = load(&error);
    lab_leave();
    complain(bad, error);
}

// --- matching -------------------------------------------------------------------------------------------------------

static int contains(const WCHAR *path, const WCHAR *part)
{
    int wanted = (int)wcslen(part), left = (int)wcslen(path);

    for (; left >= wanted; path++, left--)
        if (CompareStringOrdinal(path, wanted, part, wanted, TRUE) == CSTR_EQUAL)
            return 1;
    return 0;
}

int lab_fault_take(const char *function, const WCHAR *path, struct lab_fault *out, int max)
{
    DWORD last_error = GetLastError(), error = 0;
    const char *names[LAB_FAULT_MAX];
    unsigned bad = 0;
    int count = 0, is_broken;

    if (!lab_enter())
        return 0;
    if (!loaded)
        bad = load(&error);
    is_broken = broken;
    for (size_t i = 0; i < rule_count && !is_broken; i++) {
        struct rule *rule = &rules[i];

        if (strcmp(rule->function, function) || (rule->part[0] && !(path && contains(path, rule->part))))
            continue;
        rule->seen++;
        if ((rule->wanted && rule->wanted != rule->seen) || count == max || count == LAB_FAULT_MAX)
            continue;
        rule->fault.call = rule->seen;
        names[count] = rule->action_name;
        out[count++] = rule->fault;
    }
    lab_leave();
    complain(bad, error);
    for (int i = 0; i < count; i++)
        lab_journal_fault(function, out[i].call, names[i]);
    SetLastError(last_error);
    return is_broken ? LAB_FAULTS_BROKEN : count;
}

int lab_fault_lines(const char *function)
{
    DWORD last_error = GetLastError(), error = 0;
    unsigned bad = 0;
    int count = 0;

    if (!lab_enter())
        return 0;
    if (!loaded)
        bad = load(&error);
    for (size_t i = 0; i < rule_count; i++)
        count += !strcmp(rules[i].function, function);
    if (broken)
        count = LAB_FAULTS_BROKEN;
    lab_leave();
    complain(bad, error);
    SetLastError(last_error);
    return count;
}

// The clock is the shim's, whichever library the fault belongs to. Without the shim there is no clock to set: loud.
static void set_clock(long long shift_s)
{
    void(WINAPI *shift)(LONGLONG);
    HMODULE shim = GetModuleHandleW(L"labshim.dll");
    FARPROC found = shim ? GetProcAddress(shim, "LabShiftClock") : NULL;

    if (!found) {
        lab_journal_violation("no_clock", L"set_clock needs labshim.dll in the process");
        return;
    }
    memcpy(&shift, &found, sizeof shift);
    shift(shift_s);
}

void lab_fault_before(const struct lab_fault *faults, int count)
{
    for (int i = 0; i < count; i++) {
        if (faults[i].action == LAB_FAULT_SET_CLOCK)
            set_clock((long long)faults[i].number);
        else if (faults[i].action == LAB_FAULT_CRASH)
            TerminateProcess(GetCurrentProcess(), CRASH_CODE);
        else if (faults[i].action == LAB_FAULT_HANG)
            Sleep(INFINITE);
        else if (faults[i].action == LAB_FAULT_SLOW)
            Sleep((DWORD)faults[i].number);
    }
}

void lab_fault_after(const struct lab_fault *faults, int count)
{
    if (lab_fault_find(faults, count, LAB_FAULT_CRASH_AFTER))
        TerminateProcess(GetCurrentProcess(), CRASH_CODE);
}

const struct lab_fault *lab_fault_find(const struct lab_fault *faults, int count, enum lab_fault_action action)
{
    for (int i = 0; i < count; i++)
        if (faults[i].action == action)
            return &faults[i];
    return NULL;
}

unsigned lab_call_number(const char *function)
{
    unsigned number = 0;

    if (!lab_enter())
        return 0;
    for (size_t i = 0; i < COUNTERS_MAX && !number; i++) {
        if (!counters[i].function)
            counters[i].function = function;
        if (!strcmp(counters[i].function, function))
            number = ++counters[i].count;
    }
    lab_leave();
    return number;
}
