// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: the one exception type that every layer throws.

using ansible_collections.adcs.ca.plugins.module_utils._ResultCodes;
using System;

//TypeAccelerator -Name Adcs.Ca.BackupException -TypeName BackupException

namespace ansible_collections.adcs.ca.plugins.module_utils._Errors
{
    /// <summary>A step of a backup that failed. Its message says what failed, on what, why, and what to do.</summary>
    public sealed class BackupException : Exception
    {
        private static readonly string[] LibraryFunctions = new string[] { "LoadLibraryExW", "GetProcAddress", "FreeLibrary" };

        /// <param name="message">What failed, on what.</param>
        /// <param name="step">The step of Microsoft's sequence, 1 to 16
        /// (https://learn.microsoft.com/en-us/windows/win32/seccrypto/backing-up-certificate-services), or 0 for a step of our own.</param>
        public BackupException(string message, int step)
            : base(message)
        {
            Step = step;
        }

        private BackupException(string message, Exception inner, int step)
            : base(message, inner)
        {
            Step = step;
        }

        private BackupException(string message, string function, int code, int step, string file, Exception inner)
            : base(String.Format("{0}: {1}", message, ResultCode.Describe(code, SideOf(function))), inner)
        {
            Function = function;
            Code = code;
            Step = step;
            File = file;
            HResult = code;
        }

        /// <summary>The function that failed, or null.</summary>
        public string Function { get; private set; }

        /// <summary>The HRESULT, or null where the failure has none.</summary>
        public int? Code { get; private set; }

        /// <summary>The step of Microsoft's sequence, or 0.</summary>
        public int Step { get; private set; }

        /// <summary>The file that the step worked on, or null.</summary>
        public string File { get; private set; }

        /// <summary>The symbolic name of the HRESULT, or null.</summary>
        public string CodeName
        {
            get
            {
                return Code.HasValue ? ResultCode.NameOf(Code.Value) : null;
            }
        }

        /// <summary>The same failure with a sentence added to the end of its message.</summary>
        public BackupException Append(string sentence)
        {
            return WithMessage(Message + sentence);
        }

        /// <summary>The same failure with a sentence added to the beginning of its message.</summary>
        public BackupException Prepend(string sentence)
        {
            return WithMessage(sentence + Message);
        }

        private BackupException WithMessage(string message)
        {
            BackupException e = new BackupException(message, this, Step);
            e.Function = Function;
            e.Code = Code;
            e.File = File;
            return e;
        }

        /// <summary>A failure that no layer foresaw.</summary>
        public static BackupException Unexpected(Exception cause)
        {
            return new BackupException(cause.Message, cause, 0);
        }

        /// <summary>A function answered with a failing HRESULT.</summary>
        public static BackupException FromHResult(string function, int code, int step, string file, string what)
        {
            return new BackupException(String.Format("{0} failed {1}", function, what).TrimEnd(), function, code, step, file, null);
        }

        /// <summary>A Win32 function failed with the given error code.</summary>
        public static BackupException FromWin32(string function, int error, int step, string file, string what)
        {
            int code = error <= 0 ? error : unchecked((int)(0x80070000 | (uint)(error & 0xFFFF)));
            return FromHResult(function, code, step, file, what);
        }

        /// <summary>A file operation of .NET failed; its HRESULT is kept.</summary>
        public static BackupException FromIO(Exception cause, string function, int step, string file, string what)
        {
            // not Marshal.GetHRForException: the error object that it leaves on the thread can outlive .NET there, and end the process
            // (https://learn.microsoft.com/en-us/dotnet/api/system.runtime.interopservices.marshal.gethrforexception)
            int code = cause.HResult;
            string message = String.Format("{0}: {1}", what, cause.Message);
            return new BackupException(message, function, code, step, file, cause);
        }

        private static Side SideOf(string function)
        {
            if (function.StartsWith("CertSrv", StringComparison.Ordinal))
                return Side.Authority;
            return Array.IndexOf(LibraryFunctions, function) < 0 ? Side.Destination : Side.Library;
        }

        /// <summary>A failure without a result code of its own, on a file.</summary>
        public static BackupException OnFile(string function, int step, string file, string message)
        {
            BackupException e = new BackupException(message, step);
            e.Function = function;
            e.File = file;
            return e;
        }
    }
}
