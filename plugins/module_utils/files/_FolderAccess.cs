// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: folders with an access list of their own. .NET Framework and .NET have no common API for it.

using ansible_collections.adcs.ca.plugins.module_utils.common._Errors;
using ansible_collections.adcs.ca.plugins.module_utils.common._ResultCodes;
using Microsoft.Win32.SafeHandles;
using System;
using System.IO;
using System.Runtime.InteropServices;

//TypeAccelerator -Name Adcs.Ca.PrivateFolder -TypeName PrivateFolder

namespace ansible_collections.adcs.ca.plugins.module_utils.files._FolderAccess
{
    internal static class NativeHelpers
    {
        internal const int SE_FILE_OBJECT = 1;
        internal const uint SDDL_REVISION_1 = 1;
        internal const uint OWNER_SECURITY_INFORMATION = 0x00000001;
        internal const uint DACL_SECURITY_INFORMATION = 0x00000004;
        internal const uint OWNER_AND_DACL = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        internal const uint PROTECTED_DACL_SECURITY_INFORMATION = 0x80000000;
        internal const int ERROR_ALREADY_EXISTS = 183;

        [StructLayout(LayoutKind.Sequential)]
        internal struct SECURITY_ATTRIBUTES
        {
            internal int nLength;
            internal IntPtr lpSecurityDescriptor;
            internal int bInheritHandle;
        }
    }

    internal static class NativeMethods
    {
        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool ConvertSecurityDescriptorToStringSecurityDescriptorW(
            SafeLocalHandle SecurityDescriptor,
            uint RequestedStringSDRevision,
            uint SecurityInformation,
            out SafeLocalHandle StringSecurityDescriptor,
            IntPtr StringSecurityDescriptorLen);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool ConvertStringSecurityDescriptorToSecurityDescriptorW(
            string StringSecurityDescriptor,
            uint StringSDRevision,
            out SafeLocalHandle SecurityDescriptor,
            IntPtr SecurityDescriptorSize);

        [DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool CreateDirectoryW(
            string lpPathName,
            ref NativeHelpers.SECURITY_ATTRIBUTES lpSecurityAttributes);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
        internal static extern int GetNamedSecurityInfoW(
            string pObjectName,
            int ObjectType,
            uint SecurityInfo,
            IntPtr ppsidOwner,
            IntPtr ppsidGroup,
            IntPtr ppDacl,
            IntPtr ppSacl,
            out SafeLocalHandle ppSecurityDescriptor);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetSecurityDescriptorDacl(
            SafeLocalHandle pSecurityDescriptor,
            [MarshalAs(UnmanagedType.Bool)] out bool lpbDaclPresent,
            out IntPtr pDacl,
            [MarshalAs(UnmanagedType.Bool)] out bool lpbDaclDefaulted);

        [DllImport("kernel32.dll")]
        internal static extern IntPtr LocalFree(IntPtr hMem);

        [DllImport("advapi32.dll", CharSet = CharSet.Unicode)]
        internal static extern int SetNamedSecurityInfoW(
            string pObjectName,
            int ObjectType,
            uint SecurityInfo,
            IntPtr psidOwner,
            IntPtr psidGroup,
            IntPtr pDacl,
            IntPtr pSacl);
    }

    internal sealed class SafeLocalHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal SafeLocalHandle()
            : base(true)
        {
        }

        protected override bool ReleaseHandle()
        {
            return NativeMethods.LocalFree(handle) == IntPtr.Zero;
        }
    }

    /// <summary>Folders and their access lists, as security descriptors in text form
    /// (https://learn.microsoft.com/en-us/windows/win32/secauthz/security-descriptor-string-format).</summary>
    public static class PrivateFolder
    {
        /// <summary>Creates a folder that has its access list from its first moment on. An existing folder is left as it is.</summary>
        /// <param name="path">The folder; its parent must exist.</param>
        /// <param name="sddl">The access list.</param>
        /// <returns>Whether the folder was created.</returns>
        /// <exception cref="AdcsCaException">The folder could not be created.</exception>
        public static bool Create(string path, string sddl)
        {
            using (SafeLocalHandle descriptor = Parse(path, sddl))
            {
                NativeHelpers.SECURITY_ATTRIBUTES attributes = new NativeHelpers.SECURITY_ATTRIBUTES();
                attributes.nLength = Marshal.SizeOf(typeof(NativeHelpers.SECURITY_ATTRIBUTES));
                attributes.lpSecurityDescriptor = descriptor.DangerousGetHandle();
                if (NativeMethods.CreateDirectoryW(path, ref attributes))
                    return true;
                int error = Marshal.GetLastWin32Error();
                if (error == NativeHelpers.ERROR_ALREADY_EXISTS && Directory.Exists(path))
                    return false;
                throw Failed("CreateDirectoryW", error, path);
            }
        }

        /// <summary>The owner and the access list of a folder.</summary>
        public static string GetAccess(string path)
        {
            SafeLocalHandle descriptor;
            int error = NativeMethods.GetNamedSecurityInfoW(
                path, NativeHelpers.SE_FILE_OBJECT, NativeHelpers.OWNER_AND_DACL,
                IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, out descriptor);
            using (descriptor)
            {
                if (error != 0)
                    throw Failed("GetNamedSecurityInfoW", error, path);
                SafeLocalHandle text;
                if (!NativeMethods.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                    descriptor, NativeHelpers.SDDL_REVISION_1, NativeHelpers.OWNER_AND_DACL, out text, IntPtr.Zero))
                    throw Failed("ConvertSecurityDescriptorToStringSecurityDescriptorW", Marshal.GetLastWin32Error(), path);
                using (text)
                    return Marshal.PtrToStringUni(text.DangerousGetHandle());
            }
        }

        /// <summary>Replaces the access list of a folder, and what is inherited from it below. Nothing is inherited from above.</summary>
        public static void SetAccess(string path, string sddl)
        {
            using (SafeLocalHandle descriptor = Parse(path, sddl))
            {
                bool present;
                bool defaulted;
                IntPtr list;
                if (!NativeMethods.GetSecurityDescriptorDacl(descriptor, out present, out list, out defaulted))
                    throw Failed("GetSecurityDescriptorDacl", Marshal.GetLastWin32Error(), path);
                int error = NativeMethods.SetNamedSecurityInfoW(
                    path, NativeHelpers.SE_FILE_OBJECT,
                    NativeHelpers.DACL_SECURITY_INFORMATION | NativeHelpers.PROTECTED_DACL_SECURITY_INFORMATION,
                    IntPtr.Zero, IntPtr.Zero, list, IntPtr.Zero);
                if (error != 0)
                    throw Failed("SetNamedSecurityInfoW", error, path);
            }
        }

        private static SafeLocalHandle Parse(string path, string sddl)
        {
            SafeLocalHandle descriptor;
            if (!NativeMethods.ConvertStringSecurityDescriptorToSecurityDescriptorW(
                sddl, NativeHelpers.SDDL_REVISION_1, out descriptor, IntPtr.Zero))
                throw Failed("ConvertStringSecurityDescriptorToSecurityDescriptorW", Marshal.GetLastWin32Error(), path);
            return descriptor;
        }

        private static AdcsCaException Failed(string function, int error, string path)
        {
            return AdcsCaException.FromWin32(Party.Destination, function, error, 0, path, String.Format("on '{0}'", path));
        }
    }
}
