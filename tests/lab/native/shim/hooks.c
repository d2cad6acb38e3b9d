// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

#include "shim.h"

#include <string.h>

struct nt_calls real;

// A system call of Wine 8 on x86-64: mov r10,rcx; mov eax,<number>; then the jump into the system. The 32 bytes hold no
// relative address that leaves them, so a copy works wherever it lies.
#define STUB_SIZE 32
#define NUMBER_AT 4
static const BYTE stub[STUB_SIZE] = {0x4c, 0x8b, 0xd1, 0xb8, 0,    0,    0,    0,    0xf6, 0x04, 0x25,
                                     0x08, 0x03, 0xfe, 0x7f, 0x01, 0x75, 0x03, 0x0f, 0x05, 0xc3, 0xeb,
                                     0x01, 0xc3, 0xff, 0x14, 0x25, 0x00, 0x10, 0xfe, 0x7f, 0xc3};

// mov rax,<address>; jmp rax
#define JUMP_SIZE 12

#define PAGE_BYTES 4096

static const struct {
    const char *name;
    void *replacement;
    void **original;
} calls[] = {
#define NT_ROW(name, parameters) {#name, (void *)hook_##name, (void **)&real.name},
    NT_CALLS(NT_ROW)};

#define CALL_ROWS (sizeof calls / sizeof *calls)

static void put_jump(BYTE *at, void *target)
{
    static const BYTE code[JUMP_SIZE] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};

    memcpy(at, code, sizeof code);
    memcpy(at + 2, &target, sizeof target);
}

static BOOL is_stub(const BYTE *code)
{
    return !memcmp(code, stub, NUMBER_AT) &&
           !memcmp(code + NUMBER_AT + 4, stub + NUMBER_AT + 4, STUB_SIZE - NUMBER_AT - 4);
}

BOOL hooks_install(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    BYTE *copies = VirtualAlloc(NULL, PAGE_BYTES, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    BYTE *code[CALL_ROWS];
    DWORD protection;
    size_t i;

    _Static_assert(CALL_ROWS * STUB_SIZE <= PAGE_BYTES, "the copies of the stubs need one page");
    if (!copies) {
        shim_complain(L"no memory for the replaced system calls");
        return FALSE;
    }
    for (i = 0; i < CALL_ROWS; i++) {
        code[i] = (BYTE *)(void *)GetProcAddress(ntdll, calls[i].name);
        if (!code[i] || !is_stub(code[i])) {
            shim_complain(L"%hs is not as in Wine 8 on x86-64", calls[i].name);
            return FALSE;
        }
    }
    for (i = 0; i < CALL_ROWS; i++) {
        memcpy(copies + i * STUB_SIZE, code[i], STUB_SIZE);
        *calls[i].original = copies + i * STUB_SIZE;
    }
    for (i = 0; i < CALL_ROWS; i++) {
        if (!VirtualProtect(code[i], STUB_SIZE, PAGE_EXECUTE_READWRITE, &protection)) {
            shim_complain(L"%hs cannot be replaced (error %lu)", calls[i].name, GetLastError());
            return FALSE;
        }
        put_jump(code[i], calls[i].replacement);
        VirtualProtect(code[i], STUB_SIZE, protection, &protection);
    }
    return TRUE;
}

// An export's address is a 32-bit distance above its module, so the jump to us must lie within 4 GiB above it.
static BYTE *room_above(HMODULE module)
{
    static const ULONG_PTR first = 0x1000000, last = 0x70000000, step = 0x100000;
    ULONG_PTR base = (ULONG_PTR)module & ~(ULONG_PTR)0xffff, at;
    BYTE *page;

    for (at = base + first; at < base + last; at += step) {
        page = VirtualAlloc((void *)at, PAGE_BYTES, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
        if (page)
            return page;
    }
    return NULL;
}

BOOL hooks_replace_export(HMODULE module, const char *export_name, void *replacement)
{
    static HMODULE page_of;
    static BYTE *page;
    static size_t used;
    BYTE *base = (BYTE *)module;
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)base;
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(base + dos->e_lfanew);
    const IMAGE_DATA_DIRECTORY *directory = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
    const IMAGE_EXPORT_DIRECTORY *exports = (const IMAGE_EXPORT_DIRECTORY *)(base + directory->VirtualAddress);
    const DWORD *names = (const DWORD *)(base + exports->AddressOfNames);
    const WORD *ordinals = (const WORD *)(base + exports->AddressOfNameOrdinals);
    DWORD *functions = (DWORD *)(base + exports->AddressOfFunctions);
    DWORD protection;
    DWORD i;

    if (page_of != module) {
        page = room_above(module);
        page_of = module;
        used = 0;
    }
    for (i = 0; page && i < exports->NumberOfNames; i++) {
        DWORD *entry = &functions[ordinals[i]];

        if (strcmp((const char *)base + names[i], export_name))
            continue;
        put_jump(page + used, replacement);
        if (!VirtualProtect(entry, sizeof *entry, PAGE_READWRITE, &protection))
            return FALSE;
        *entry = (DWORD)(page + used - base);
        VirtualProtect(entry, sizeof *entry, protection, &protection);
        used += 16;
        return TRUE;
    }
    return FALSE;
}
