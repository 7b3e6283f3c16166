//! Whole processes, timed from outside, and a peer that takes its turn in the same run.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What came of a process.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Ran {
    pub(crate) took: Duration,
    /// The most memory it had, in KiB.
    pub(crate) peak: u64,
}

/// Where everything is.
pub(crate) struct Bench {
    pub(crate) folder: PathBuf,
    pub(crate) runs: usize,
    pub(crate) rows: Vec<String>,
}

impl Bench {
    pub(crate) fn dealbook(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DEALBOOK_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(&self.folder);
        command
    }

    pub(crate) fn program(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.args(arguments).current_dir(&self.folder);
        command
    }

    /// Runs a command to its end. Nothing when there is no such program.
    pub(crate) fn time(&self, mut command: Command, stdin: Option<&str>) -> Option<Ran> {
        command.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::null()).stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().ok()?;
        if let Some(text) = stdin {
            child.stdin.take()?.write_all(text.as_bytes()).ok()?;
        }
        let output = child.wait_with_output().ok()?;
        let took = began.elapsed();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        Some(Ran { took, peak: 0 })
    }

    /// As [`Bench::time`], and how much memory it took, which costs a process more.
    pub(crate) fn measure(&self, command: Command) -> Ran {
        let said = self.folder.join("peak");
        let mut timed = self.program("/usr/bin/time", &["-f", "%M", "-o"]);
        timed.arg(&said).arg(command.get_program()).args(command.get_args());
        for (name, _) in command.get_envs() {
            timed.env_remove(name);
        }
        let Some(ran) = self.time(timed, None) else { return self.time(command, None).unwrap() };
        Ran { peak: fs::read_to_string(&said).unwrap().trim().parse().unwrap(), ..ran }
    }

    /// The median of several runs, after one that warms the caches.
    pub(crate) fn median(&self, runs: usize, mut run: impl FnMut() -> Option<Ran>) -> Option<Ran> {
        run()?;
        let mut ran: Vec<Ran> = (0..runs).filter_map(|_| run()).collect();
        ran.sort_by_key(|ran| ran.took);
        ran.get(ran.len() / 2).copied()
    }

    /// The medians of two that take turns.
    pub(crate) fn pair(&self, runs: usize, mut ours: impl FnMut() -> Ran, mut peer: impl FnMut() -> Option<Ran>) -> (Ran, Option<Ran>) {
        let mut ran: Vec<(Ran, Option<Ran>)> = (0..runs).map(|_| (ours(), peer())).collect();
        let at = ran.len() / 2;
        ran.sort_by_key(|ran| ran.0.took);
        let ours = ran[at].0;
        ran.sort_by_key(|ran| ran.1.map(|ran| ran.took));
        (ours, ran[at].1)
    }

    pub(crate) fn row(&mut self, what: &str, ours: String, target: &str, peer: &str, its: String, ratio: Option<f64>) {
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let row = format!("| {what} | {ours} | {target} | {peer} | {its} | {ratio} |");
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// A row of speeds: how many events, or rows, a second.
    pub(crate) fn rate(&mut self, what: &str, count: u64, target: &str, ours: Ran, peer: &str, its: Option<Ran>) {
        let speed = |ran: Ran| count as f64 / ran.took.as_secs_f64();
        let shown = |ran: Ran| format!("{}/s ({:.2} s{})", thousands(speed(ran) as u64), ran.took.as_secs_f64(), peak(ran));
        self.row(what, shown(ours), target, peer, its.map_or_else(String::new, shown), its.map(|its| speed(ours) / speed(its)));
    }

    /// A row of times.
    pub(crate) fn wait(&mut self, what: &str, target: &str, ours: Ran, peer: &str, its: Option<Ran>) {
        let shown = |ran: Ran| format!("{:.1} ms{}", ran.took.as_secs_f64() * 1e3, peak(ran));
        let ratio = its.map(|its| ours.took.as_secs_f64() / its.took.as_secs_f64());
        self.row(what, shown(ours), target, peer, its.map_or_else(String::new, shown), ratio);
    }
}

pub(crate) fn peak(ran: Ran) -> String {
    if ran.peak == 0 { String::new() } else { format!(", {} MB", ran.peak / 1_000) }
}

pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// What a shell prints.
pub(crate) fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Prints what was measured.
pub(crate) fn print(bench: &Bench) {
    println!("| What | dealbook | target | beside it, in the same run | it | dealbook / it |\n|---|--:|--:|---|--:|--:|");
    bench.rows.iter().for_each(|row| println!("{row}"));
    println!("\nload at the end: {}", shell("cat /proc/loadavg"));
}
