// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: what the calls of Certadm.dll answered, for the manifest and for a trace.

using ansible_collections.adcs.ca.plugins.module_utils.common._ResultCodes;
using System;
using System.Collections.Generic;
using System.Diagnostics;

//TypeAccelerator -Name Adcs.Ca.CallLog -TypeName CallLog

namespace ansible_collections.adcs.ca.plugins.module_utils.certadm._CallLog
{
    /// <summary>One call, or all reads of one file.</summary>
    internal sealed class CallRecord
    {
        // a DLL that answers with ever new codes must not fill the memory
        private const int MaxOtherCodes = 16;

        private readonly SortedDictionary<int, int> _otherCodes = new SortedDictionary<int, int>();
        private int _calls;
        private int? _code;
        private long _ticks;
        private long _slowestTicks;

        internal CallRecord(string function, Dictionary<string, object> arguments)
        {
            Function = function;
            Arguments = arguments;
        }

        internal string Function { get; private set; }

        internal Dictionary<string, object> Arguments { get; private set; }

        /// <summary>The size of a list, the announced size of a file, or what was read of it.</summary>
        internal long? Bytes { get; set; }

        /// <summary>What CertSrvIsServerOnlineW answered.</summary>
        internal bool? Online { get; set; }

        internal byte[] List { get; set; }

        internal void Count(int? code, long ticks)
        {
            _calls++;
            _code = code;
            _ticks += ticks;
            _slowestTicks = Math.Max(_slowestTicks, ticks);
            if (code.HasValue && code.Value != 0)
                Tally.Add(_otherCodes, code.Value, MaxOtherCodes);
        }

        internal Dictionary<string, object> Describe()
        {
            List<object> others = new List<object>();
            foreach (KeyValuePair<int, int> other in _otherCodes)
                others.Add(new Dictionary<string, object> { { "hresult", ResultCode.Format(other.Key) }, { "count", other.Value } });
            return new Dictionary<string, object>
            {
                { "function", Function },
                { "arguments", Arguments },
                { "calls", _calls },
                { "hresult", _code.HasValue ? ResultCode.Format(_code.Value) : null },
                { "other_hresults", others.ToArray() },
                { "elapsed_ms", Milliseconds(_ticks) },
                { "slowest_ms", Milliseconds(_slowestTicks) },
                { "bytes", Bytes },
                { "online", Online },
                { "list_hex", List == null ? null : BitConverter.ToString(List).Replace("-", "").ToLowerInvariant() },
            };
        }

        private static double Milliseconds(long ticks)
        {
            return Math.Round(ticks * 1000.0 / Stopwatch.Frequency, 3);
        }
    }

    internal static class Tally
    {
        internal static void Add<T>(IDictionary<T, int> counts, T key, int maxKeys)
        {
            int count;
            if (counts.TryGetValue(key, out count) || counts.Count < maxKeys)
                counts[key] = count + 1;
        }
    }

    /// <summary>Counts every success code but S_OK, and keeps a record of every call where that was asked for.</summary>
    public sealed class CallLog
    {
        /// <summary>How long all records may be as JSON, in characters.</summary>
        public const int MaxLength = 1 << 20;

        // calls on files come by the thousand, and must leave room for those that come once
        private const int MaxFileLength = 3 << 18;
        // the keys, numbers and codes of a record
        private const int RecordLength = 512;
        private const int MaxSuccessCodes = 64;

        private readonly bool _traced;
        private readonly List<CallRecord> _records = new List<CallRecord>();
        private readonly SortedDictionary<string, int> _successCodes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        private int _length;

        /// <param name="traced">Whether to keep a record of every call.</param>
        public CallLog(bool traced)
        {
            _traced = traced;
        }

        /// <summary>How many records, and lists of records, were left out because there was no more room.</summary>
        public int Omitted { get; private set; }

        /// <summary>{function, hresult, count} of each success code but S_OK.</summary>
        public object[] GetSuccessCodes()
        {
            List<object> codes = new List<object>();
            foreach (KeyValuePair<string, int> entry in _successCodes)
            {
                string[] parts = entry.Key.Split(' ');
                codes.Add(new Dictionary<string, object> { { "function", parts[0] }, { "hresult", parts[1] }, { "count", entry.Value } });
            }
            return codes.ToArray();
        }

        /// <summary>The records in the order of the calls: {function, arguments, calls, hresult, other_hresults, elapsed_ms, slowest_ms, bytes,
        /// online, list_hex}. No record has the content of a file.</summary>
        public object[] Describe()
        {
            return _records.ConvertAll<object>(delegate(CallRecord record) { return record.Describe(); }).ToArray();
        }

        /// <summary>Begins the record of a call.</summary>
        /// <param name="function">The name of the function.</param>
        /// <param name="arguments">Names and values by turns; nothing that is secret.</param>
        internal CallRecord Begin(string function, params object[] arguments)
        {
            return Begin(function, MaxLength, arguments);
        }

        /// <summary>Begins the record of a call on a file, of which there may be many.</summary>
        internal CallRecord BeginOnFile(string function, params object[] arguments)
        {
            return Begin(function, MaxFileLength, arguments);
        }

        /// <summary>Makes a call with a result code and counts it.</summary>
        internal int Run(CallRecord record, Func<int> call)
        {
            long started = Stopwatch.GetTimestamp();
            int code = call();
            record.Count(code, Stopwatch.GetTimestamp() - started);
            if (code > 0)
                Tally.Add(_successCodes, record.Function + " " + ResultCode.Format(code), MaxSuccessCodes);
            return code;
        }

        /// <summary>Makes a call without a result code and counts it.</summary>
        internal void Run(CallRecord record, Action call)
        {
            long started = Stopwatch.GetTimestamp();
            call();
            record.Count(null, Stopwatch.GetTimestamp() - started);
        }

        /// <summary>Adds the bytes of a list to its record, where there is room.</summary>
        internal void AddList(CallRecord record, byte[] bytes)
        {
            if (!_traced)
                return;
            if (bytes.Length <= (MaxLength - _length) / 2)
            {
                record.List = bytes;
                _length += 2 * bytes.Length;
            }
            else
                Omitted++;
        }

        private CallRecord Begin(string function, int maxLength, object[] arguments)
        {
            Dictionary<string, object> named = new Dictionary<string, object>();
            int length = RecordLength;
            for (int i = 0; i < arguments.Length; i += 2)
            {
                named[(string)arguments[i]] = arguments[i + 1];
                length += JsonLength(arguments[i + 1] as string);
            }
            CallRecord record = new CallRecord(function, named);
            if (_traced)
                Keep(record, length, maxLength);
            return record;
        }

        private void Keep(CallRecord record, int length, int maxLength)
        {
            if (_length + length > maxLength)
            {
                Omitted++;
                return;
            }
            _records.Add(record);
            _length += length;
        }

        // what JSON writes for a character: itself, two characters, or \uXXXX
        private static int JsonLength(string text)
        {
            int length = 0;
            foreach (char unit in text ?? "")
                length += unit < ' ' || unit > '~' ? 6 : unit == '\\' || unit == '"' ? 2 : 1;
            return length;
        }
    }
}
