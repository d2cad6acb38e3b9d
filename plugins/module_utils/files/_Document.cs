// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: a JSON document with its own hash, as text. JsonReaderWriterFactory is the one JSON reader that
// Windows PowerShell 5.1 and PowerShell 7 share: ConvertFrom-Json turns dates differently in each. Text is written here because no
// writer gives the same bytes on both, and the document's own hash is over those bytes.

using ansible_collections.adcs.ca.plugins.module_utils.files._HashedCopy;
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
//TypeAccelerator -Name Adcs.Ca.Document -TypeName Document
//TypeAccelerator -Name Adcs.Ca.DocumentException -TypeName DocumentException

namespace ansible_collections.adcs.ca.plugins.module_utils.files._Document
{
    /// <summary>The text is not an intact document of its kind; the message says why.</summary>
    public sealed class DocumentException : Exception
    {
        public DocumentException(string message)
            : base(message)
        {
        }

        public DocumentException(string message, bool isNewer)
            : base(message)
        {
            IsNewer = isNewer;
        }

        /// <summary>Whether a newer version wrote it, so that only that version can judge it.</summary>
        public bool IsNewer { get; private set; }
    }

    /// <summary>A number that this version has no use for, such as a fraction. It is written again as it was read.</summary>
    internal sealed class UnusedNumber
    {
        internal readonly string Text;

        internal UnusedNumber(string text)
        {
            Text = text;
        }
    }

    /// <summary>
    /// A JSON document in UTF-8 without a byte order mark, keys sorted, indented by two spaces, one line feed at its end. One of its
    /// keys, such as manifest_sha256, holds the SHA-256 of the document without the line of that key, so that any tool can check it.
    /// </summary>
    public static class Document
    {
        public const int MaxSizeBytes = 64 * 1024 * 1024;

        private const int MaxDepth = 64;

        // JSON's grammar of a number: https://www.rfc-editor.org/rfc/rfc8259#section-6
        private static readonly Regex NumberText = new Regex("^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?\\z", RegexOptions.CultureInvariant);
        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);

        /// <summary>The bytes of a document of dictionaries, lists, strings, integers, booleans and nulls.</summary>
        /// <param name="document">The document. What it has at the key of its hash is not used.</param>
        /// <param name="hashKey">The key of its hash, which may not be the last one of the document.</param>
        public static byte[] Write(IDictionary document, string hashKey)
        {
            SortedDictionary<string, object> sorted = Sort(document);
            sorted.Remove(hashKey);
            string hash = HashOf(Render(sorted));
            sorted.Add(hashKey, hash);
            return Utf8.GetBytes(Render(sorted));
        }

        /// <summary>The document in intact text.</summary>
        /// <exception cref="DocumentException">Too large, not UTF-8, altered, or no valid JSON.</exception>
        public static Dictionary<string, object> Read(byte[] content, string hashKey)
        {
            RequireSize(content.Length);
            string text = GetText(content);
            string pattern = "^  \"" + hashKey + "\": \"([0-9a-f]{64})\",\n";
            MatchCollection lines = Regex.Matches(text, pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant);
            if (lines.Count != 1)
                throw new DocumentException(String.Format("it has {0} lines with {1}, not one", lines.Count, hashKey));
            string rest = text.Remove(lines[0].Index, lines[0].Length);
            if (HashOf(rest) != lines[0].Groups[1].Value)
                throw new DocumentException(String.Format("it was altered: its content does not match its {0}", hashKey));
            return Parse(content);
        }

        /// <summary>Throws for more bytes than a document has, so that a file need not be read to know.</summary>
        public static void RequireSize(long size)
        {
            if (size > MaxSizeBytes)
                throw new DocumentException(String.Format("it has {0} bytes, more than any document of its kind", size));
        }

        /// <summary>The text in the bytes of a document.</summary>
        /// <exception cref="DocumentException">It is not UTF-8.</exception>
        public static string GetText(byte[] content)
        {
            try
            {
                return Utf8.GetString(content);
            }
            catch (DecoderFallbackException)
            {
                throw new DocumentException("it is not valid UTF-8");
            }
        }

        /// <summary>The value of a key of a type that Parse makes.</summary>
        /// <exception cref="DocumentException">It is missing or of another type.</exception>
        public static T Get<T>(Dictionary<string, object> map, string key)
        {
            object value;
            if (!map.TryGetValue(key, out value) || !(value is T))
                throw new DocumentException(String.Format("its key '{0}' is missing or of the wrong type", key));
            return (T)value;
        }

        /// <summary>Throws unless the value of a key is a time as this collection writes it.</summary>
        public static void RequireTime(Dictionary<string, object> map, string key)
        {
            DateTime time;
            if (!DateTime.TryParseExact(Get<string>(map, key), "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out time))
                throw new DocumentException(String.Format("its key '{0}' is not a time", key));
        }

        /// <summary>The maps in a list.</summary>
        /// <exception cref="DocumentException">The value is no list, or an entry of it is no map.</exception>
        public static IEnumerable<Dictionary<string, object>> GetMaps(Dictionary<string, object> map, string key)
        {
            foreach (object item in Get<object[]>(map, key))
            {
                Dictionary<string, object> entry = item as Dictionary<string, object>;
                if (entry == null)
                    throw new DocumentException(String.Format("an entry of '{0}' is not an object", key));
                yield return entry;
            }
        }

        /// <summary>Throws unless a value is a list of maps that have texts at all of the keys.</summary>
        public static void RequireTexts(Dictionary<string, object> map, string list, params string[] keys)
        {
            foreach (Dictionary<string, object> entry in GetMaps(map, list))
                foreach (string key in keys)
                    Get<string>(entry, key);
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
            else if (value is UnusedNumber)
                text.Append(((UnusedNumber)value).Text);
            else if (map != null)
                RenderMap(text, Sort(map), newLine);
            else if (list != null)
                RenderList(text, list, newLine);
            else
                throw new ArgumentException(String.Format("A document cannot hold a value of type {0}.", value.GetType()));
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

        /// <summary>The document in JSON text, whatever its hash says.</summary>
        /// <exception cref="DocumentException">It is no valid JSON.</exception>
        public static Dictionary<string, object> Parse(byte[] content)
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
                        throw new DocumentException("it is not a JSON object");
                    return document;
                }
            }
            catch (Exception e)
            {
                if (e is XmlException || e is FormatException || e is OverflowException || e is ArgumentException)
                    throw new DocumentException(String.Format("it is not valid JSON: {0}", e.Message));
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
                case "number": return ParseNumber(reader.ReadElementContentAsString());
                case "boolean": return reader.ReadElementContentAsString() == "true";
                case "null": reader.ReadElementContentAsString(); return null;
                default: return reader.ReadElementContentAsString();
            }
        }

        private static object ParseNumber(string text)
        {
            long number;
            if (Int64.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) && number.ToString(CultureInfo.InvariantCulture) == text)
                return number;
            if (!NumberText.IsMatch(text))
                throw new FormatException(String.Format("'{0}' is no number", text));
            return new UnusedNumber(text);
        }

        private static Dictionary<string, object> ParseMap(XmlDictionaryReader reader)
        {
            Dictionary<string, object> map = new Dictionary<string, object>(StringComparer.Ordinal);
            bool empty = reader.IsEmptyElement;
            // the one key that the factory shows as an attribute, where it is the first one and a text
            string typeKey = reader.GetAttribute("__type");
            if (typeKey != null)
                map.Add("__type", typeKey);
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
    }
}
