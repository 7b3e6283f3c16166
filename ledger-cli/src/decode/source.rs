//! The bytes of a file: decompressed when they begin like gzip, whatever the file is called, and freed of a byte order mark.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;

const BUFFER: usize = 128 * 1024;
/// How many buffers are decompressed before they are wanted.
const AHEAD: usize = 4;
const GZIP: &[u8] = &[0x1f, 0x8b];
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// An opened file.
pub(super) struct Source {
    /// The decoded text, without a byte order mark.
    pub(super) text: Chain<Cursor<Vec<u8>>, Box<dyn Read + Send>>,
    /// The first few decoded bytes, the mark included.
    pub(super) beginning: Vec<u8>,
    /// Whether a byte order mark was taken off.
    pub(super) marked: bool,
    /// How many bytes of the file were read, when it is compressed.
    pub(super) compressed: Option<Arc<AtomicU64>>,
    /// Why the beginning could not be decompressed.
    pub(super) damaged: Option<io::Error>,
}

pub(super) fn open(path: &Path) -> io::Result<Source> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let mut file = BufReader::with_capacity(BUFFER, file);
    let compressed = file.fill_buf()?.starts_with(GZIP).then(|| Arc::new(AtomicU64::new(0)));
    let mut decoded: Box<dyn Read + Send> = match &compressed {
        Some(count) => {
            let file = Counted { inner: file, count: Arc::clone(count) };
            Box::new(Ahead::of(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file)))?)
        }
        None => Box::new(file),
    };
    let mut beginning = vec![];
    let damaged = decoded.by_ref().take(8).read_to_end(&mut beginning).err();
    let damaged = match damaged {
        Some(why) if compressed.is_none() => return Err(why),
        damaged => damaged,
    };
    let marked = beginning.starts_with(BYTE_ORDER_MARK);
    let rest = beginning[if marked { BYTE_ORDER_MARK.len() } else { 0 }..].to_vec();
    Ok(Source { text: Cursor::new(rest).chain(decoded), beginning, marked, compressed, damaged })
}

/// Reads on another thread, a few buffers ahead of whoever wants the bytes: to decompress takes as long as to make rows of it.
struct Ahead {
    buffers: Receiver<io::Result<Vec<u8>>>,
    buffer: Cursor<Vec<u8>>,
}

impl Ahead {
    fn of(mut inner: impl Read + Send + 'static) -> io::Result<Self> {
        let (give, buffers) = sync_channel(AHEAD);
        let read_on = move || {
            loop {
                let mut buffer = Vec::with_capacity(BUFFER);
                let read = inner.by_ref().take(BUFFER as u64).read_to_end(&mut buffer);
                let is_last = read.is_err() || buffer.is_empty();
                // What came before an error is given too. Nobody takes it when nobody wants to read on.
                let whole = buffer.is_empty() || give.send(Ok(buffer)).is_ok();
                let told = read.err().is_none_or(|why| give.send(Err(why)).is_ok());
                if is_last || !whole || !told {
                    return;
                }
            }
        };
        thread::Builder::new().name("decompress".to_owned()).spawn(read_on)?;
        Ok(Self { buffers, buffer: Cursor::default() })
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.buffer.position() == self.buffer.get_ref().len() as u64 {
            match self.buffers.recv() {
                Ok(next) => self.buffer = Cursor::new(next?),
                Err(_) => return Ok(0),
            }
        }
        self.buffer.read(buffer)
    }
}

/// Counts what is read of the compressed bytes.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
