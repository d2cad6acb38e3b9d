// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: what the document with the findings of one set must say.

using ansible_collections.adcs.ca.plugins.module_utils.files._Document;
using System;
using System.Collections;
using System.Collections.Generic;
using System.Text.RegularExpressions;

//TypeAccelerator -Name Adcs.Ca.FindingStore -TypeName FindingStore

namespace ansible_collections.adcs.ca.plugins.module_utils.repository._FindingStore
{
    /// <summary>
    /// The document of a set in the folder .checks: what looks at the set found. An entry of a kind that this version does not know
    /// is a verdict of a later one; it is kept as it is.
    /// </summary>
    public static class FindingStore
    {
        public const int Schema = 1;

        private const string HashKey = "findings_sha256";
        private static readonly Regex Sha256 = new Regex("^[0-9a-f]{64}\\z", RegexOptions.CultureInvariant);

        // where the rest of a document cannot be parsed; no key below its top comes so early in a line that this version wrote
        private static readonly Regex SchemaLine = new Regex("(?:^ {0,2}|[{,] ?)\"schema\": ?([0-9]{1,9})\\b", RegexOptions.Multiline | RegexOptions.CultureInvariant);

        /// <summary>The bytes of the document. Throws when it could not be read again.</summary>
        public static byte[] Write(IDictionary document, string label)
        {
            byte[] content = Document.Write(document, HashKey);
            Read(content, label);
            return content;
        }

        /// <summary>The intact document of a set.</summary>
        /// <exception cref="DocumentException">A newer version wrote it, or it is too large, altered, no valid JSON, or of another set.</exception>
        public static Dictionary<string, object> Read(byte[] content, string label)
        {
            Document.RequireSize(content.Length);
            // before the hash: a newer version may have another one
            long schema = GetSchema(content);
            if (schema > Schema)
                throw new DocumentException(String.Format("its schema is {0}; this version reads schema {1}", schema, Schema), true);
            Dictionary<string, object> document = Document.Read(content, HashKey);
            if (schema != Schema)
                throw new DocumentException(String.Format("its schema is {0}, which never was", schema));
            if (Document.Get<string>(document, "label") != label)
                throw new DocumentException(String.Format("it belongs to the set '{0}'", document["label"]));
            foreach (Dictionary<string, object> entry in Document.GetMaps(document, "checks"))
                if (Document.Get<string>(entry, "kind") == "files")
                    RequireFiles(entry);
            return document;
        }

        private static long GetSchema(byte[] content)
        {
            try
            {
                return Document.Get<long>(Document.Parse(content), "schema");
            }
            catch (DocumentException)
            {
                Match line = SchemaLine.Match(Document.GetText(content));
                if (!line.Success)
                    throw;
                return Int64.Parse(line.Groups[1].Value);
            }
        }

        private static void RequireFiles(Dictionary<string, object> entry)
        {
            Require(entry, "depth", "hashes", "sizes");
            Require(entry, "result", "good", "damaged");
            Document.RequireTime(entry, "at");
            Document.Get<string>(entry, "by");
            Document.Get<string>(entry, "host");
            if (!Sha256.IsMatch(Document.Get<string>(entry, "manifest_sha256")))
                throw new DocumentException("its key 'manifest_sha256' is not a SHA-256");
            Document.RequireTexts(entry, "problems", "kind", "path", "message");
            long count = Document.Get<long>(entry, "problem_count");
            if (count < Document.Get<object[]>(entry, "problems").Length || (count == 0) != ((string)entry["result"] == "good"))
                throw new DocumentException(String.Format("its problem_count cannot be {0}", count));
        }

        private static void Require(Dictionary<string, object> entry, string key, params string[] known)
        {
            string value = Document.Get<string>(entry, key);
            if (Array.IndexOf(known, value) < 0)
                throw new DocumentException(String.Format("its {0} '{1}' is not known", key, value));
        }
    }
}
