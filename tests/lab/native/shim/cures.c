// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// What Wine 8 lacks and the engine needs, whatever the configuration.
#include "shim.h"

#define END_OF_FRAMES (~(ULONG_PTR)0)

// .NET translates file patterns into the wildcards of DOS (< > "), which Wine 8 takes for themselves and so finds
// nothing. * in their place finds more, never less: .NET matches every name again by itself.
UNICODE_STRING *cure_mask(UNICODE_STRING *mask, UNICODE_STRING *cured, WCHAR storage[MASK_CAPACITY])
{
    size_t length = mask && mask->Buffer ? mask->Length / sizeof(WCHAR) : 0;
    size_t used = 0, i;
    BOOL found = FALSE;

    if (length > MASK_CAPACITY)
        return mask;
    for (i = 0; i < length; i++) {
        WCHAR c = mask->Buffer[i];

        if (c == L'<' || c == L'>' || c == L'"') {
            found = TRUE;
            c = L'*';
        }
        if (c != L'*' || !used || storage[used - 1] != L'*')
            storage[used++] = c;
    }
    if (!found)
        return mask;
    cured->Buffer = storage;
    cured->Length = cured->MaximumLength = (USHORT)(used * sizeof(WCHAR));
    return cured;
}

// Deletion with flags is unknown to Wine 8; the plain one does the same but for names that vanish at once.
NTSTATUS cure_disposition(HANDLE file, IO_STATUS_BLOCK *io, ULONG flags)
{
    BOOLEAN wish = flags & 1;

    return real.NtSetInformationFile(file, io, &wish, sizeof wish, CLASS_DISPOSITION);
}

// What a Wine library puts on the stack, and on the thread's list of handlers, for its own __try.
struct frame {
    ULONG_PTR next;
    const void *handler;
};

static BOOL is_code(const void *address)
{
    MEMORY_BASIC_INFORMATION memory;

    return VirtualQuery(address, &memory, sizeof memory) && memory.State == MEM_COMMIT && memory.Type == MEM_IMAGE &&
           (memory.Protect == PAGE_EXECUTE_READ || memory.Protect == PAGE_EXECUTE_WRITECOPY);
}

// The frame behind the one at `address`, which may hold anything; none when that lies no further out on the stack.
static ULONG_PTR frame_behind(ULONG_PTR address, const NT_TIB *thread)
{
    ULONG_PTR end = (ULONG_PTR)thread->StackBase - sizeof(struct frame);
    ULONG_PTR next;

    if (address % sizeof address || address < (ULONG_PTR)thread->StackLimit || address > end)
        return END_OF_FRAMES;
    next = ((const struct frame *)address)->next;
    return next > address ? next : END_OF_FRAMES;
}

static BOOL frames_are_live(ULONG_PTR address, ULONG_PTR stack_pointer, const NT_TIB *thread)
{
    ULONG_PTR end = (ULONG_PTR)thread->StackBase - sizeof(struct frame);

    for (; address != END_OF_FRAMES; address = ((const struct frame *)address)->next) {
        if (address % sizeof address || address < stack_pointer || address > end ||
            !is_code(((const struct frame *)address)->handler))
            return FALSE;
        stack_pointer = address + sizeof(struct frame);
    }
    return TRUE;
}

// Only an unwinding by Wine takes such a frame off the list. .NET leaves native frames by other ways, so the list may
// hold dead ones, overwritten by what came after. Wine would call what lies there as a handler, again and again until
// the stack is full, and then end this one thread: the process hangs. Windows never reads this list on x86-64.
static LONG CALLBACK forget_dead_frames(EXCEPTION_POINTERS *exception)
{
    ULONG_PTR stack_pointer = exception->ContextRecord->Rsp;
    ULONG_PTR frame;
    NT_TIB *thread;

    __asm__("movq %%gs:0x30, %0" : "=r"(thread));
    if (stack_pointer >= (ULONG_PTR)thread->StackLimit && stack_pointer < (ULONG_PTR)thread->StackBase) {
        frame = (ULONG_PTR)thread->ExceptionList;
        while (!frames_are_live(frame, stack_pointer, thread))
            frame = frame_behind(frame, thread);
        thread->ExceptionList = (void *)frame;
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

BOOL cures_install(void)
{
    if (AddVectoredExceptionHandler(TRUE, forget_dead_frames))
        return TRUE;
    shim_complain(L"no handler for exceptions can be added (error %lu)", GetLastError());
    return FALSE;
}
