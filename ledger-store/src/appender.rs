//! Group commit: many writers, one log, one sync for all who wait.
//!
//! A thread owns the log. While it waits for the disk, requests gather; then it stages all of them into one batch, appends that, and
//! answers each writer. Nobody is answered before the lines are durable, not even a writer who added none, because what it was told may
//! rest on lines staged before.

use std::thread::JoinHandle;

use ledger_core::chain::{Broken, Head};
use tokio::sync::{mpsc, oneshot};

use crate::copy::{MOST_BYTES, MOST_LINES};
use crate::error::Doing;
use crate::{Lines, Log, LogError};

/// How many requests may wait; more writers wait to be let in.
const QUEUE: usize = 1_024;

/// Lines being gathered for one append.
#[derive(Debug)]
pub struct Staging<'a>(&'a mut Lines);

impl Staging<'_> {
    /// The head behind the last line staged, by this request or by those before it.
    pub const fn head(&self) -> Head {
        self.0.head()
    }

    /// Adds a line.
    ///
    /// # Errors
    /// How the line fails to follow. It is then not added.
    pub fn push(&mut self, line: &[u8]) -> Result<Head, Broken> {
        self.0.push(line)
    }
}

type Waiting<Request, Response> = (Request, oneshot::Sender<Result<Response, LogError>>);

/// A log that many tasks append to.
pub struct Appender<Request, Response> {
    requests: mpsc::Sender<Waiting<Request, Response>>,
    thread: JoinHandle<Box<dyn Log>>,
}

impl<Request: Send + 'static, Response: Send + 'static> Appender<Request, Response> {
    /// Gives the log to a thread of its own. `stage` turns a request into lines and an answer; it sees requests one at a time, in the
    /// order of their lines.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start<Stage>(log: Box<dyn Log>, stage: Stage) -> Result<Self, LogError>
    where
        Stage: FnMut(Request, &mut Staging<'_>) -> Response + Send + 'static,
    {
        let (requests, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("append".to_owned()).spawn(move || run(log, stage, waiting));
        Ok(Self { requests, thread: thread.doing("start a thread for", "log".as_ref())? })
    }

    /// Asks, and waits until the answer is durable.
    ///
    /// # Errors
    /// As [`Log::append`]: every writer of a group learns of its failure. [`LogError::Poisoned`] also when the staging has panicked.
    pub async fn submit(&self, request: Request) -> Result<Response, LogError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send((request, answer)).await.map_err(|_| LogError::Poisoned)?;
        answered.await.map_err(|_| LogError::Poisoned)?
    }

    /// Answers those who wait, and gives the log back.
    ///
    /// # Panics
    /// If the staging has panicked.
    pub async fn close(self) -> Box<dyn Log> {
        drop(self.requests);
        // The thread ends with the group it is at: there is nothing to await for long.
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn run<Request, Response>(
    mut log: Box<dyn Log>,
    mut stage: impl FnMut(Request, &mut Staging<'_>) -> Response,
    mut waiting: mpsc::Receiver<Waiting<Request, Response>>,
) -> Box<dyn Log> {
    let mut lines = Lines::after(log.head());
    let mut answers = Vec::new();
    while let Some(first) = waiting.blocking_recv() {
        lines.restart(log.head());
        let mut next = Some(first);
        while let Some((request, answer)) = next {
            answers.push((stage(request, &mut Staging(&mut lines)), answer));
            let room = lines.len() < MOST_LINES && lines.as_bytes().len() < MOST_BYTES;
            next = if room { waiting.try_recv().ok() } else { None };
        }
        let appended = log.append(&lines).map(drop);
        for (response, answer) in answers.drain(..) {
            // A writer who no longer waits has lost interest, not its lines.
            let _ = answer.send(appended.clone().map(|()| response));
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::backend::memory::Memory;
    use crate::{Blocks, Notice, Source, sample};

    fn stage(salt: u64, staging: &mut Staging<'_>) -> Head {
        let line = sample::line(staging.head(), salt);
        staging.push(&line).unwrap()
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    /// A log that counts its appends and takes its time for them, or refuses.
    struct Slow(Memory, Arc<AtomicUsize>, bool);

    impl Source for Slow {
        fn head(&self) -> Head {
            self.0.head()
        }

        fn read(&self, from: u64) -> Result<Blocks, LogError> {
            self.0.read(from)
        }
    }

    impl Log for Slow {
        fn append(&mut self, lines: &Lines) -> Result<Head, LogError> {
            std::thread::sleep(std::time::Duration::from_millis(5));
            self.1.fetch_add(1, Ordering::Relaxed);
            if self.2 { Err(LogError::Poisoned) } else { self.0.append(lines) }
        }

        fn close(self: Box<Self>) -> Result<Vec<Notice>, LogError> {
            Ok(Vec::new())
        }
    }

    async fn storm(appender: Arc<Appender<u64, Head>>, writers: u64, each: u64) -> Vec<Result<Head, LogError>> {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..writers {
            let appender = appender.clone();
            tasks.spawn(async move {
                let mut answers = Vec::new();
                for n in 0..each {
                    answers.push(appender.submit(writer * each + n).await);
                }
                answers
            });
        }
        tasks.join_all().await.into_iter().flatten().collect()
    }

    #[test]
    fn everyone_is_answered_with_a_place_of_their_own_and_few_appends_serve_many() {
        let appends = Arc::new(AtomicUsize::new(0));
        let log = Slow(Memory::new(), appends.clone(), false);
        let (answers, log) = block_on(async {
            let appender = Arc::new(Appender::start(Box::new(log), stage).unwrap());
            let answers = storm(appender.clone(), 64, 5).await;
            (answers, Arc::into_inner(appender).unwrap().close().await)
        });
        let mut seqs: Vec<u64> = answers.into_iter().map(|head| head.unwrap().seq).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=320).collect::<Vec<_>>());
        assert_eq!(log.head().seq, 320);
        assert!(appends.load(Ordering::Relaxed) < 20, "{appends:?} appends for 320 requests");
    }

    #[test]
    fn a_failed_group_fails_for_everyone_in_it() {
        let log = Slow(Memory::new(), Arc::default(), true);
        let answers = block_on(async {
            let appender = Arc::new(Appender::start(Box::new(log), stage).unwrap());
            storm(appender, 8, 1).await
        });
        assert!(answers.iter().all(|answer| matches!(answer, Err(LogError::Poisoned))));
    }
}
