// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: what a manifest must say, for every reader.

using ansible_collections.adcs.ca.plugins.module_utils.files._Document;
using ansible_collections.adcs.ca.plugins.module_utils.files._FileName;
using ansible_collections.adcs.ca.plugins.module_utils.repository._Layout;
using System;
using System.Collections;
using System.Collections.Generic;

//TypeAccelerator -Name Adcs.Ca.Manifest -TypeName Manifest

namespace ansible_collections.adcs.ca.plugins.module_utils.repository._Manifest
{
    /// <summary>The document manifest.json of a set.</summary>
    public static class Manifest
    {
        public const int Schema = 1;

        // the largest volume that Windows has: https://learn.microsoft.com/en-us/windows-server/storage/file-server/ntfs-overview
        private const long MaxTotalBytes = 8L << 50;

        private const string HashKey = "manifest_sha256";

        /// <summary>The bytes of manifest.json for a document of dictionaries, lists, strings, integers, booleans and nulls.</summary>
        public static byte[] Write(IDictionary document)
        {
            return Document.Write(document, HashKey);
        }

        /// <summary>The document of an intact manifest.</summary>
        /// <exception cref="DocumentException">Too large, not UTF-8, altered, no valid JSON, or not of this schema.</exception>
        public static Dictionary<string, object> Read(byte[] content)
        {
            Dictionary<string, object> document = Document.Read(content, HashKey);
            Validate(document);
            return document;
        }

        private static void Validate(Dictionary<string, object> document)
        {
            if (Document.Get<long>(document, "schema") != Schema)
                throw new DocumentException(String.Format("its schema is {0}; this version reads schema {1}", document["schema"], Schema));
            string label = Document.Get<string>(document, "label");
            if (!Layout.IsLabel(label) || !label.EndsWith("-" + Document.Get<string>(document, "type"), StringComparison.Ordinal))
                throw new DocumentException(String.Format("its label '{0}' is not that of a set of its type", label));
            string state = Document.Get<string>(document, "state");
            if (state != "copied" && state != "complete")
                throw new DocumentException(String.Format("its state '{0}' is not known", state));
            foreach (string key in new string[] { "started", "finished" })
                Document.RequireTime(document, key);
            Document.Get<bool>(document, "verified");
            if (document.ContainsKey("prior") && document["prior"] != null)
                Document.Get<string>(document, "prior");
            Dictionary<string, object> ca = Document.Get<Dictionary<string, object>>(document, "ca");
            Document.Get<string>(ca, "name");
            Document.Get<string>(ca, "host");
            Dictionary<string, object> truncation = Document.Get<Dictionary<string, object>>(document, "truncation");
            Document.Get<bool>(truncation, "requested");
            if (!truncation.ContainsKey("done") || truncation["done"] != null)
                Document.Get<bool>(truncation, "done");
            Document.Get<long>(truncation, "logs_before");
            Document.Get<long>(truncation, "logs_after");
            Document.RequireTexts(document, "restore_map", "kind", "path");
            Document.RequireTexts(document, "skipped", "what", "why");
            if (document.ContainsKey("success_codes"))
                Document.RequireTexts(document, "success_codes", "function", "hresult");
            RequireFiles(document);
        }

        private static void RequireFiles(Dictionary<string, object> document)
        {
            if (Document.Get<object[]>(document, "files").Length == 0)
                throw new DocumentException("it lists no files");
            HashSet<string> paths = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            long total = 0;
            foreach (Dictionary<string, object> file in Document.GetMaps(document, "files"))
            {
                foreach (string key in new string[] { "path", "kind", "source", "sha256" })
                    Document.Get<string>(file, key);
                string path = (string)file["path"];
                if (!IsInside(path))
                    throw new DocumentException(String.Format("the path '{0}' leaves the set", path));
                if (!paths.Add(path))
                    throw new DocumentException(String.Format("it lists the file '{0}' twice", path));
                long size = Document.Get<long>(file, "size");
                if (size < 0 || size > MaxTotalBytes - total)
                    throw new DocumentException(String.Format("the size of '{0}' cannot be: {1}", path, size));
                total += size;
            }
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
}
