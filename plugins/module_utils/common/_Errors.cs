// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: the one exception type that every layer throws.

using ansible_collections.adcs.ca.plugins.module_utils.common._ResultCodes;
using System;

//TypeAccelerator -Name Adcs.Ca.AdcsCaException -TypeName AdcsCaException

namespace ansible_collections.adcs.ca.plugins.module_utils.common._Errors
{
    /// <summary>A step of a backup that failed. Its message says what failed, on what, why, and what to do.</summary>
    public sealed class AdcsCaException : Exception
    {
        /// <param name="message">What failed, on what.</param>
        public AdcsCaException(string message)
            : this(message, 0)
        {
        }

        /// <param name="message">What failed, on what.</param>
        /// <param name="step">The step of Microsoft's sequence, 1 to 16
        /// (https://learn.microsoft.com/en-us/windows/win32/seccrypto/backing-up-certificate-services), or 0 for a step of our own.</param>
        public AdcsCaException(string message, int step)
            : base(message)
        {
            Step = step;
        }

        private AdcsCaException(string message, Exception inner, int step)
            : base(message, inner)
        {
            Step = step;
        }

        private AdcsCaException(Party party, string message, string function, int code, int step, string file, Exception inner)
            : base(String.Format("{0}: {1}", message, ResultCode.Describe(code, party)), inner)
        {
            Origin = party;
            Function = function;
            Code = code;
            Step = step;
            File = file;
            HResult = code;
        }

        /// <summary>Whose function failed, or null.</summary>
        public Party? Origin { get; private set; }

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
        public AdcsCaException Append(string sentence)
        {
            return WithMessage(Message + sentence);
        }

        /// <summary>The same failure with a sentence added to the beginning of its message.</summary>
        public AdcsCaException Prepend(string sentence)
        {
            return WithMessage(sentence + Message);
        }

        private AdcsCaException WithMessage(string message)
        {
            AdcsCaException e = new AdcsCaException(message, this, Step);
            e.Origin = Origin;
            e.Function = Function;
            e.Code = Code;
            e.File = File;
            return e;
        }

        /// <summary>A failure that no layer foresaw.</summary>
        public static AdcsCaException Unexpected(Exception cause)
        {
            return new AdcsCaException(cause.Message, cause, 0);
        }

        /// <summary>A function answered with a failing HRESULT.</summary>
        public static AdcsCaException FromHResult(Party party, string function, int code, int step, string file, string what)
        {
            return new AdcsCaException(party, String.Format("{0} failed {1}", function, what).TrimEnd(), function, code, step, file, null);
        }

        /// <summary>A Win32 function failed with the given error code.</summary>
        public static AdcsCaException FromWin32(Party party, string function, int error, int step, string file, string what)
        {
            int code = error <= 0 ? error : unchecked((int)(0x80070000 | (uint)(error & 0xFFFF)));
            return FromHResult(party, function, code, step, file, what);
        }

        /// <summary>A file operation of .NET on the destination failed; its HRESULT is kept.</summary>
        public static AdcsCaException FromIO(Exception cause, string function, int step, string file, string what)
        {
            // not Marshal.GetHRForException: the error object that it leaves on the thread can outlive .NET there, and end the process
            // (https://learn.microsoft.com/en-us/dotnet/api/system.runtime.interopservices.marshal.gethrforexception)
            int code = cause.HResult;
            string message = String.Format("{0}: {1}", what, cause.Message);
            return new AdcsCaException(Party.Destination, message, function, code, step, file, cause);
        }

        /// <summary>A failure without a result code of its own, on a file.</summary>
        public static AdcsCaException OnFile(string function, int step, string file, string message)
        {
            AdcsCaException e = new AdcsCaException(message, step);
            e.Function = function;
            e.File = file;
            return e;
        }
    }
}
