// Copyright: (c) 2026, adcs.ca contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

// Private to the adcs.ca collection: bytes from a source that must be read on the calling thread into a new file,
// hashed in the same pass.

using ansible_collections.adcs.ca.plugins.module_utils.common._Errors;
using System;
using System.Collections.Concurrent;
using System.IO;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Threading;

//TypeAccelerator -Name Adcs.Ca.CopiedFile -TypeName CopiedFile

namespace ansible_collections.adcs.ca.plugins.module_utils.files._HashedCopy
{
    /// <summary>Reads up to <paramref name="size"/> bytes to <paramref name="buffer"/>; 0 is the end of the file.</summary>
    public delegate uint ReadChunk(IntPtr buffer, uint size);

    /// <summary>What was written: the size in bytes and the SHA-256 (lower-case hexadecimal) of the bytes as they were read.</summary>
    public sealed class CopiedFile
    {
        public CopiedFile(long size, string sha256)
        {
            Size = size;
            Sha256 = sha256;
        }

        public long Size { get; private set; }

        public string Sha256 { get; private set; }
    }

    /// <summary>SHA-256 by an implementation that the FIPS policy of Windows allows.</summary>
    public static class Sha256
    {
        public static HashAlgorithm Create()
        {
#if CORECLR
            return SHA256.Create();
#else
            // SHA256.Create() gives SHA256Managed here, which throws under the FIPS policy:
            // https://learn.microsoft.com/en-us/dotnet/api/system.security.cryptography.sha256managed
            return new SHA256CryptoServiceProvider();
#endif
        }

        public static string ToHex(byte[] hash)
        {
            return BitConverter.ToString(hash).Replace("-", "").ToLowerInvariant();
        }
    }

    /// <summary>A buffer that native code may fill: its address is fixed until it is disposed.</summary>
    internal sealed class PinnedBuffer : IDisposable
    {
        private GCHandle _pin;

        internal PinnedBuffer(int size)
        {
            Bytes = new byte[size];
            _pin = GCHandle.Alloc(Bytes, GCHandleType.Pinned);
        }

        internal byte[] Bytes { get; private set; }

        internal int Count { get; set; }

        internal IntPtr Address { get { return _pin.AddrOfPinnedObject(); } }

        public void Dispose()
        {
            if (_pin.IsAllocated)
                _pin.Free();
        }
    }

    /// <summary>
    /// One copy: the caller's thread reads, a second one hashes and writes, and a few reused buffers go round between them,
    /// so that memory use does not depend on the size of the file.
    /// </summary>
    public sealed class StreamCopy
    {
        /// <summary>A multiple of every page size that the database engine uses, and the size that the interface's sample uses:
        /// https://learn.microsoft.com/en-us/windows/win32/api/certbcli/nf-certbcli-certsrvbackupread</summary>
        public const int BufferSize = 512 * 1024;

        private const int BufferCount = 4;
        private readonly string _function;
        private readonly int _step;
        private readonly string _source;
        private readonly string _path;
        private readonly long _size;
        private readonly BlockingCollection<PinnedBuffer> _free = new BlockingCollection<PinnedBuffer>();
        private readonly BlockingCollection<PinnedBuffer> _filled = new BlockingCollection<PinnedBuffer>();
        private readonly CancellationTokenSource _writerFailed = new CancellationTokenSource();
        private long _written;
        private string _hash;
        private Exception _writeError;

        private StreamCopy(string function, int step, string source, long size, string path)
        {
            _function = function;
            _step = step;
            _source = source;
            _size = size;
            _path = path;
        }

        /// <summary>
        /// Copies exactly <paramref name="size"/> bytes to a new file, flushed to the disk before the method returns.
        /// </summary>
        /// <param name="function">The function that reads, for messages.</param>
        /// <param name="step">The step of Microsoft's sequence.</param>
        /// <param name="source">The name of the source for messages.</param>
        /// <param name="size">The size that the source announced, in bytes. Less or more data is an error.</param>
        /// <param name="path">The file to create; it must not exist.</param>
        /// <param name="read">Called on the calling thread only.</param>
        /// <exception cref="AdcsCaException">Read or write failed, or the data ended early or ran over.</exception>
        public static CopiedFile Run(string function, int step, string source, long size, string path, ReadChunk read)
        {
            return new StreamCopy(function, step, source, size, path).Run(read);
        }

        private CopiedFile Run(ReadChunk read)
        {
            PinnedBuffer[] buffers = new PinnedBuffer[BufferCount];
            Thread writer = new Thread(Write);
            writer.IsBackground = true;
            writer.Name = "adcs.ca writer";
            try
            {
                for (int i = 0; i < BufferCount; i++)
                {
                    buffers[i] = new PinnedBuffer(BufferSize);
                    _free.Add(buffers[i]);
                }
                writer.Start();
                ReadAll(read);
            }
            catch (OperationCanceledException)
            {
                // the writer failed; its own error is thrown below
            }
            finally
            {
                _filled.CompleteAdding();
                if (writer.IsAlive)
                    writer.Join();
                foreach (PinnedBuffer buffer in buffers)
                    if (buffer != null)
                        buffer.Dispose();
            }

            if (_writeError != null)
                throw WriteFailed();
            return new CopiedFile(_written, _hash);
        }

        private void ReadAll(ReadChunk read)
        {
            long total = 0;
            while (total < _size)
            {
                PinnedBuffer buffer = _free.Take(_writerFailed.Token);
                uint count = ReadNext(read, buffer, total);
                if (count == 0)
                    throw WrongSize("ended early", total);
                total += count;
                if (count > BufferSize || total > _size)
                    throw WrongSize("ran over", total);
                buffer.Count = (int)count;
                _filled.Add(buffer);
            }
            // the read behind the announced end also tells the CA that all of the file was taken
            uint more = ReadNext(read, _free.Take(_writerFailed.Token), total);
            if (more > 0)
                throw WrongSize("ran over", total + more);
        }

        private uint ReadNext(ReadChunk read, PinnedBuffer buffer, long total)
        {
            try
            {
                return read(buffer.Address, BufferSize);
            }
            catch (AdcsCaException e)
            {
                throw e.Append(String.Format(" It failed after {0} of {1} bytes.", total, _size));
            }
        }

        private void Write()
        {
            try
            {
                using (HashAlgorithm hash = Sha256.Create())
                using (FileStream file = new FileStream(_path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1))
                {
                    foreach (PinnedBuffer buffer in _filled.GetConsumingEnumerable())
                    {
                        hash.TransformBlock(buffer.Bytes, 0, buffer.Count, null, 0);
                        file.Write(buffer.Bytes, 0, buffer.Count);
                        _written += buffer.Count;
                        _free.Add(buffer);
                    }
                    hash.TransformFinalBlock(new byte[0], 0, 0);
                    file.Flush(true);
                    _hash = Sha256.ToHex(hash.Hash);
                }
            }
            catch (Exception e)
            {
                _writeError = e;
                _writerFailed.Cancel();
            }
        }

        private AdcsCaException WrongSize(string what, long total)
        {
            return AdcsCaException.OnFile(_function, _step, _source, String.Format(
                "The data of '{0}' {1}: {2} bytes came, {3} were announced. The backup cannot be trusted and was given up; run it again.",
                _source, what, total, _size));
        }

        private AdcsCaException WriteFailed()
        {
            return AdcsCaException.FromIO(_writeError, "WriteFile", _step, _path, String.Format(
                "Failed to write '{0}' after {1} of {2} bytes", _path, _written, _size));
        }
    }
}
