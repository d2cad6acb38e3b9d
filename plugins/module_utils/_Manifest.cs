// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: manifest.json as text. JsonReaderWriterFactory is the one JSON reader that Windows
// PowerShell 5.1 and PowerShell 7 share: ConvertFrom-Json turns dates differently in each. Text is written here because no
// writer gives the same bytes on both, and the manifest's own hash is over those bytes.

using ansible_collections.adcs.ca.plugins.module_utils._StreamCopy;
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Management.Automation;
using System.Runtime.Serialization.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;

//AssemblyReference -Name System.Runtime.Serialization.dll -CLR Framework
//AssemblyReference -Name System.Xml.dll -CLR Framework
//TypeAccelerator -Name Adcs.Ca.Manifest -TypeName Manifest
//TypeAccelerator -Name Adcs.Ca.FileName -TypeName FileName
//TypeAccelerator -Name Adcs.Ca.ManifestException -TypeName ManifestException

namespace ansible_collections.adcs.ca.plugins.module_utils._Manifest
{
    /// <summary>The text is not an intact manifest; the message says why.</summary>
    public sealed class ManifestException : Exception
    {
        public ManifestException(string message)
            : base(message)
        {
        }
    }

    /// <summary>
    /// A JSON document in UTF-8 without a byte order mark, keys sorted, indented by two spaces, one line feed at its end. Its key
    /// manifest_sha256 holds the SHA-256 of the document without the line of that key, so that any tool can check it.
    /// </summary>
    public static class Manifest
    {
        public const int Schema = 1;
        public const int MaxSizeBytes = 64 * 1024 * 1024;

        // the largest volume that Windows has: https://learn.microsoft.com/en-us/windows-server/storage/file-server/ntfs-overview
        private const long MaxTotalBytes = 8L << 50;

        private const string HashKey = "manifest_sha256";
        private const int MaxDepth = 16;
        private static readonly Regex Label = new Regex("^[0-9]{8}T[0-9]{6}Z-(full|logs)\\z", RegexOptions.CultureInvariant);
        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);
        private static readonly Regex HashLine = new Regex("^  \"manifest_sha256\": \"([0-9a-f]{64})\",\n", RegexOptions.Multiline | RegexOptions.CultureInvariant);

        /// <summary>The bytes of manifest.json for a document of dictionaries, lists, strings, integers, booleans and nulls.</summary>
        public static byte[] Write(IDictionary document)
        {
            SortedDictionary<string, object> sorted = Sort(document);
            sorted.Remove(HashKey);
            string hash = HashOf(Render(sorted));
            sorted.Add(HashKey, hash);
            return Utf8.GetBytes(Render(sorted));
        }

        /// <summary>The document of an intact manifest.</summary>
        /// <exception cref="ManifestException">Too large, not UTF-8, altered, no valid JSON, or not of this schema.</exception>
        public static Dictionary<string, object> Read(byte[] content)
        {
            RequireSize(content.Length);
            string text;
            try
            {
                text = Utf8.GetString(content);
            }
            catch (DecoderFallbackException)
            {
                throw new ManifestException("it is not valid UTF-8");
            }

            MatchCollection lines = HashLine.Matches(text);
            if (lines.Count != 1)
                throw new ManifestException(String.Format("it has {0} lines with {1}, not one", lines.Count, HashKey));
            string rest = text.Remove(lines[0].Index, lines[0].Length);
            if (HashOf(rest) != lines[0].Groups[1].Value)
                throw new ManifestException(String.Format("it was altered: its content does not match its {0}", HashKey));

            Dictionary<string, object> document = Parse(content);
            Validate(document);
            return document;
        }

        /// <summary>Throws for more bytes than a manifest has, so that a file need not be read to know.</summary>
        public static void RequireSize(long size)
        {
            if (size > MaxSizeBytes)
                throw new ManifestException(String.Format("it has {0} bytes, more than any manifest", size));
        }

        private static string HashOf(string text)
        {
            using (HashAlgorithm hash = Sha256.Create())
                return Sha256.ToHex(hash.ComputeHash(Utf8.GetBytes(text)));
        }

        private static SortedDictionary<string, object> Sort(IDictionary source)
        {
            SortedDictionary<string, object> sorted = new SortedDictionary<string, object>(StringComparer.Ordinal);
            foreach (DictionaryEntry entry in source)
                sorted.Add((string)entry.Key, entry.Value);
            return sorted;
        }

        private static string Render(SortedDictionary<string, object> document)
        {
            StringBuilder text = new StringBuilder();
            RenderValue(text, document, "\n");
            return text.Append('\n').ToString();
        }

        private static void RenderValue(StringBuilder text, object value, string newLine)
        {
            PSObject wrapped = value as PSObject;
            if (wrapped != null)
                value = wrapped.BaseObject;

            IDictionary map = value as IDictionary;
            IEnumerable list = value as IEnumerable;
            if (value == null)
                text.Append("null");
            else if (value is string)
                RenderString(text, (string)value);
            else if (value is bool)
                text.Append((bool)value ? "true" : "false");
            else if (value is int || value is long || value is uint)
                text.Append(Convert.ToInt64(value).ToString(CultureInfo.InvariantCulture));
            else if (map != null)
                RenderMap(text, Sort(map), newLine);
            else if (list != null)
                RenderList(text, list, newLine);
            else
                throw new ArgumentException(String.Format("A manifest cannot hold a value of type {0}.", value.GetType()));
        }

        private static void RenderMap(StringBuilder text, SortedDictionary<string, object> map, string newLine)
        {
            string separator = "{" + newLine + "  ";
            foreach (KeyValuePair<string, object> entry in map)
            {
                text.Append(separator);
                RenderString(text, entry.Key);
                text.Append(": ");
                RenderValue(text, entry.Value, newLine + "  ");
                separator = "," + newLine + "  ";
            }
            text.Append(map.Count == 0 ? "{}" : newLine + "}");
        }

        private static void RenderList(StringBuilder text, IEnumerable list, string newLine)
        {
            string separator = "[" + newLine + "  ";
            bool empty = true;
            foreach (object item in list)
            {
                text.Append(separator);
                RenderValue(text, item, newLine + "  ");
                separator = "," + newLine + "  ";
                empty = false;
            }
            text.Append(empty ? "[]" : newLine + "]");
        }

        private static void RenderString(StringBuilder text, string value)
        {
            text.Append('"');
            foreach (char c in value)
            {
                if (c == '"' || c == '\\')
                    text.Append('\\').Append(c);
                // the reader refuses the last two as they are
                else if (c < ' ' || c == '\x7f' || Char.IsSurrogate(c) || c >= '\ufffe')
                    text.AppendFormat(CultureInfo.InvariantCulture, "\\u{0:x4}", (int)c);
                else
                    text.Append(c);
            }
            text.Append('"');
        }

        private static Dictionary<string, object> Parse(byte[] content)
        {
            XmlDictionaryReaderQuotas quotas = new XmlDictionaryReaderQuotas();
            quotas.MaxDepth = MaxDepth;
            quotas.MaxStringContentLength = MaxSizeBytes;
            quotas.MaxArrayLength = MaxSizeBytes;
            quotas.MaxNameTableCharCount = MaxSizeBytes;
            try
            {
                using (XmlDictionaryReader reader = JsonReaderWriterFactory.CreateJsonReader(content, quotas))
                {
                    reader.MoveToContent();
                    Dictionary<string, object> document = ParseValue(reader) as Dictionary<string, object>;
                    if (document == null)
                        throw new ManifestException("it is not a JSON object");
                    return document;
                }
            }
            catch (Exception e)
            {
                if (e is XmlException || e is FormatException || e is OverflowException || e is ArgumentException)
                    throw new ManifestException(String.Format("it is not valid JSON: {0}", e.Message));
                throw;
            }
        }

        // The factory shows JSON as XML: the attribute "type" says what an element is, and "item" holds a name that XML does not
        // allow: https://learn.microsoft.com/en-us/dotnet/framework/wcf/feature-details/mapping-between-json-and-xml
        private static object ParseValue(XmlDictionaryReader reader)
        {
            string type = reader.GetAttribute("type");
            switch (type)
            {
                case "object": return ParseMap(reader);
                case "array": return ParseList(reader);
                case "number": return Int64.Parse(reader.ReadElementContentAsString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                case "boolean": return reader.ReadElementContentAsString() == "true";
                case "null": reader.ReadElementContentAsString(); return null;
                default: return reader.ReadElementContentAsString();
            }
        }

        private static Dictionary<string, object> ParseMap(XmlDictionaryReader reader)
        {
            Dictionary<string, object> map = new Dictionary<string, object>(StringComparer.Ordinal);
            bool empty = reader.IsEmptyElement;
            reader.ReadStartElement();
            while (!empty && reader.MoveToContent() == XmlNodeType.Element)
            {
                string key = reader.GetAttribute("item") ?? reader.LocalName;
                map.Add(key, ParseValue(reader));
            }
            if (!empty)
                reader.ReadEndElement();
            return map;
        }

        private static object[] ParseList(XmlDictionaryReader reader)
        {
            List<object> list = new List<object>();
            bool empty = reader.IsEmptyElement;
            reader.ReadStartElement();
            while (!empty && reader.MoveToContent() == XmlNodeType.Element)
                list.Add(ParseValue(reader));
            if (!empty)
                reader.ReadEndElement();
            return list.ToArray();
        }

        private static void Validate(Dictionary<string, object> document)
        {
            if (Get<long>(document, "schema") != Schema)
                throw new ManifestException(String.Format("its schema is {0}; this version reads schema {1}", document["schema"], Schema));
            string label = Get<string>(document, "label");
            if (!Label.IsMatch(label) || !label.EndsWith("-" + Get<string>(document, "type"), StringComparison.Ordinal))
                throw new ManifestException(String.Format("its label '{0}' is not that of a set of its type", label));
            string state = Get<string>(document, "state");
            if (state != "copied" && state != "complete")
                throw new ManifestException(String.Format("its state '{0}' is not known", state));
            foreach (string key in new string[] { "started", "finished" })
                RequireTime(document, key);
            Get<bool>(document, "verified");
            if (document.ContainsKey("prior") && document["prior"] != null)
                Get<string>(document, "prior");
            Dictionary<string, object> ca = Get<Dictionary<string, object>>(document, "ca");
            Get<string>(ca, "name");
            Get<string>(ca, "host");
            Dictionary<string, object> truncation = Get<Dictionary<string, object>>(document, "truncation");
            Get<bool>(truncation, "requested");
            if (!truncation.ContainsKey("done") || truncation["done"] != null)
                Get<bool>(truncation, "done");
            Get<long>(truncation, "logs_before");
            Get<long>(truncation, "logs_after");
            RequireTexts(document, "restore_map", "kind", "path");
            RequireTexts(document, "skipped", "what", "why");
            RequireFiles(Get<object[]>(document, "files"));
        }

        private static void RequireFiles(object[] files)
        {
            if (files.Length == 0)
                throw new ManifestException("it lists no files");
            HashSet<string> paths = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            long total = 0;
            foreach (object item in files)
            {
                Dictionary<string, object> file = item as Dictionary<string, object>;
                if (file == null)
                    throw new ManifestException("an entry of 'files' is not an object");
                foreach (string key in new string[] { "path", "kind", "source", "sha256" })
                    Get<string>(file, key);
                string path = (string)file["path"];
                if (!IsInside(path))
                    throw new ManifestException(String.Format("the path '{0}' leaves the set", path));
                if (!paths.Add(path))
                    throw new ManifestException(String.Format("it lists the file '{0}' twice", path));
                long size = Get<long>(file, "size");
                if (size < 0 || size > MaxTotalBytes - total)
                    throw new ManifestException(String.Format("the size of '{0}' cannot be: {1}", path, size));
                total += size;
            }
        }

        private static void RequireTime(Dictionary<string, object> map, string key)
        {
            DateTime time;
            if (!DateTime.TryParseExact(Get<string>(map, key), "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out time))
                throw new ManifestException(String.Format("its key '{0}' is not a time", key));
        }

        private static void RequireTexts(Dictionary<string, object> document, string list, params string[] keys)
        {
            foreach (object item in Get<object[]>(document, list))
            {
                Dictionary<string, object> map = item as Dictionary<string, object>;
                if (map == null)
                    throw new ManifestException(String.Format("an entry of '{0}' is not an object", list));
                foreach (string key in keys)
                    Get<string>(map, key);
            }
        }

        private static T Get<T>(Dictionary<string, object> map, string key)
        {
            object value;
            if (!map.TryGetValue(key, out value) || !(value is T))
                throw new ManifestException(String.Format("its key '{0}' is missing or of the wrong type", key));
            return (T)value;
        }

        /// <summary>Whether every element of a relative path is a plain file name.</summary>
        private static bool IsInside(string path)
        {
            foreach (string element in path.Split('\\'))
                if (!FileName.IsPlain(element))
                    return false;
            return true;
        }
    }

    /// <summary>What Windows accepts as the name of one ordinary file.</summary>
    public static class FileName
    {
        // https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file ; a device name counts with any extension
        private static readonly Regex Device = new Regex(
            "^(CON|PRN|AUX|NUL|CLOCK\\$|CONIN\\$|CONOUT\\$|COM[0-9\u00b9\u00b2\u00b3]|LPT[0-9\u00b9\u00b2\u00b3]) *(\\..*)?$",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

        private static readonly Regex Refused = new Regex("[\\x00-\\x1f<>:\"/\\\\|?*]", RegexOptions.CultureInvariant);

        /// <summary>Whether a name is one path element that stays where it is put: no separator, stream, device, wildcard, dot or space at its end.</summary>
        public static bool IsPlain(string name)
        {
            return name.Length > 0
                && name.Length <= 255
                && !Refused.IsMatch(name)
                && !Device.IsMatch(name)
                && !name.EndsWith(".", StringComparison.Ordinal)
                && !name.EndsWith(" ", StringComparison.Ordinal);
        }
    }
}
