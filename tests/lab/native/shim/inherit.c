// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// How a child's ACL comes from its parent's, by the documented rules of ACE inheritance.
#include "shim.h"

#include <string.h>

#define INHERITANCE_FLAGS (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE)
#define GENERIC_BITS (GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL)

static GENERIC_MAPPING file_rights = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};

static ACE_HEADER *ace_at(const ACL *acl, DWORD index)
{
    void *ace = NULL;

    return GetAce((ACL *)acl, index, &ace) ? ace : NULL;
}

static ACL *new_acl(SIZE_T size)
{
    ACL *acl;

    size = (size + sizeof *acl + 3) & ~(SIZE_T)3;
    acl = shim_alloc(size);
    InitializeAcl(acl, (DWORD)size, ACL_REVISION);
    return acl;
}

// Makes the ACL end where its last ACE ends.
static ACL *trimmed(ACL *acl)
{
    void *end;

    if (FindFirstFreeAce(acl, &end) && end)
        acl->AclSize = (WORD)((BYTE *)end - (BYTE *)acl);
    return acl;
}

static void append(ACL *to, const ACE_HEADER *ace)
{
    AddAce(to, ACL_REVISION, MAXDWORD, (void *)ace, ace->AceSize);
}

ACL *acl_copy(const ACL *acl)
{
    ACL *copy = shim_alloc(acl->AclSize);

    memcpy(copy, acl, acl->AclSize);
    return copy;
}

ACL *acl_without_inherited(const ACL *acl)
{
    ACL *result = new_acl(acl->AclSize);
    DWORD i;

    for (i = 0; i < acl->AceCount; i++)
        if (!(ace_at(acl, i)->AceFlags & INHERITED_ACE))
            append(result, ace_at(acl, i));
    return trimmed(result);
}

ACL *acl_joined(const ACL *first, const ACL *second)
{
    ACL *result = new_acl((first ? first->AclSize : 0) + (second ? second->AclSize : 0));
    DWORD i;

    for (i = 0; first && i < first->AceCount; i++)
        append(result, ace_at(first, i));
    for (i = 0; second && i < second->AceCount; i++)
        append(result, ace_at(second, i));
    return trimmed(result);
}

BOOL acl_has_inherited(const ACL *acl)
{
    DWORD i;

    for (i = 0; i < acl->AceCount; i++)
        if (ace_at(acl, i)->AceFlags & INHERITED_ACE)
            return TRUE;
    return FALSE;
}

// The access mask and, behind it, the SID of the plain kinds of ACE; the shim passes the others on as they are.
static BOOL is_plain(const ACE_HEADER *ace)
{
    return ace->AceType == ACCESS_ALLOWED_ACE_TYPE || ace->AceType == ACCESS_DENIED_ACE_TYPE;
}

// Appends `ace` as it applies to the child itself: generic rights become file rights, CREATOR OWNER and CREATOR GROUP
// become the child's own. TRUE when that changed anything.
static BOOL append_effective(ACL *to, const ACE_HEADER *ace, BYTE flags, PSID owner, PSID group)
{
    BYTE storage[sizeof(ACCESS_ALLOWED_ACE) + SECURITY_MAX_SID_SIZE];
    ACCESS_ALLOWED_ACE *own = (ACCESS_ALLOWED_ACE *)storage;
    const ACCESS_ALLOWED_ACE *plain = (const ACCESS_ALLOWED_ACE *)ace;
    PSID sid = (PSID)&plain->SidStart;
    BOOL generic;

    if (!is_plain(ace)) {
        append(to, ace);
        ace_at(to, to->AceCount - 1)->AceFlags = flags;
        return FALSE;
    }
    generic = (plain->Mask & GENERIC_BITS) != 0;
    if (IsWellKnownSid(sid, WinCreatorOwnerSid))
        sid = owner;
    else if (IsWellKnownSid(sid, WinCreatorGroupSid))
        sid = group;
    own->Header.AceType = ace->AceType;
    own->Header.AceFlags = flags;
    own->Header.AceSize = (WORD)(FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart) + GetLengthSid(sid));
    own->Mask = plain->Mask;
    MapGenericMask(&own->Mask, &file_rights);
    CopySid(SECURITY_MAX_SID_SIZE, &own->SidStart, sid);
    append(to, &own->Header);
    return generic || sid != (PSID)&plain->SidStart;
}

static void append_inherited(ACL *to, const ACE_HEADER *ace, BOOL container, PSID owner, PSID group)
{
    BYTE onward = ace->AceFlags & NO_PROPAGATE_INHERIT_ACE ? 0 : ace->AceFlags & INHERITANCE_FLAGS;
    BOOL applies = (ace->AceFlags & (container ? CONTAINER_INHERIT_ACE : OBJECT_INHERIT_ACE)) != 0;
    BOOL changed = FALSE;

    if (!container)
        onward = 0;
    if (applies) {
        changed = append_effective(to, ace, INHERITED_ACE | onward, owner, group);
        // The changed one is for this child alone; what children of the child get must stay as it was written.
        if (changed && onward)
            ace_at(to, to->AceCount - 1)->AceFlags = INHERITED_ACE;
    }
    if (onward && (changed || !applies)) {
        append(to, ace);
        ace_at(to, to->AceCount - 1)->AceFlags = INHERITED_ACE | INHERIT_ONLY_ACE | onward;
    }
}

ACL *acl_inherited_by(const ACL *parent, BOOL container, PSID owner, PSID group)
{
    ACL *result = new_acl(2 * parent->AclSize + parent->AceCount * SECURITY_MAX_SID_SIZE);
    DWORD i;

    for (i = 0; i < parent->AceCount; i++)
        if (ace_at(parent, i)->AceFlags & INHERITANCE_FLAGS)
            append_inherited(result, ace_at(parent, i), container, owner, group);
    return trimmed(result);
}
