//! Opens a URL in a browser without making the URL an argument of a process.
//!
//! Every user of a machine can read the arguments of all processes, and the URL signs in any user that has it. So the opener gets the
//! path of a page that only its owner can read and that leads the browser to the URL. A page on loopback would not do: its
//! address would be an argument, and the first to ask for it would get the URL.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sts_blocking::Body;

use crate::failure::Failure;
use crate::global::variable;

/// How long the page stays after the opener has ended: openers do not wait until the browser has read the page.
const PATIENCE: Duration = Duration::from_secs(15);

/// A program that opens files, and its arguments before the path.
struct Opener {
    program: PathBuf,
    before: Vec<String>,
}

impl Opener {
    /// The opener of this platform.
    fn of_platform() -> Self {
        let (program, before): (_, &[&str]) = if cfg!(target_os = "macos") {
            ("open", &[])
        } else if cfg!(windows) {
            // `start` would have cmd.exe read the path.
            ("rundll32", &["url.dll,FileProtocolHandler"])
        } else {
            ("xdg-open", &[])
        };
        Self { program: program.into(), before: before.iter().map(|&word| word.to_owned()).collect() }
    }
}

/// Opens the URL in the user's browser, and returns when the page that leads to it is removed.
pub(super) fn open(url: &str) -> Result<(), Failure> {
    open_by(&Opener::of_platform(), url, PATIENCE)
}

fn open_by(opener: &Opener, url: &str, patience: Duration) -> Result<(), Failure> {
    let program = opener.program.display();
    let page = Page::new(url).map_err(|error| {
        Failure::general(format!("the page for the browser cannot be written: {error}; leave --open out"))
    })?;
    let opened = Command::new(&opener.program)
        .args(&opener.before)
        .arg(&page.file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| Failure::general(format!("{program} cannot be run: {error}; leave --open out")))?;
    if !opened.success() {
        return Err(Failure::general(format!("{program} could not open the URL; leave --open out")));
    }
    thread::sleep(patience);
    Ok(())
}

/// A page in a directory of its own, both for their owner only. The page is overwritten and removed in the end.
struct Page {
    directory: PathBuf,
    file: PathBuf,
    length: usize,
}

impl Page {
    fn new(url: &str) -> io::Result<Self> {
        // The first is in memory, and gone when the user logs out.
        let base = variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
        let base = base.unwrap_or_else(std::env::temp_dir);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("sts-console-{}-{}", std::process::id(), now.as_nanos());
        let directory = base.join(name);
        let html = html(url);
        // Fails if it exists, also if another user made it.
        private_directory().create(&directory)?;
        let page = Self { file: directory.join("sign-in.html"), directory, length: html.len() };
        private_file(&page.file)?.write_all(html.as_ref())?;
        Ok(page)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // Where the file was not written, or is gone already, there is nothing to do.
        let _ = overwrite(&self.file, self.length);
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_dir(&self.directory);
    }
}

fn overwrite(file: &Path, length: usize) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(file)?;
    file.write_all(&vec![b' '; length])?;
    file.sync_all()
}

fn private_directory() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "the mode is Unix's"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A page that leads to the URL at once, and has a link for browsers that do not.
fn html(url: &str) -> Body {
    const PARTS: [&str; 3] = [
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">\
         <title>AWS console</title><meta http-equiv=\"refresh\" content=\"0;url=",
        "\"></head><body><a href=\"",
        "\">Sign in to the AWS console</a></body></html>\n",
    ];
    // At worst each byte becomes a reference of five: no growth leaves a copy of the URL behind.
    let mut out = Vec::with_capacity(PARTS.iter().map(|part| part.len()).sum::<usize>() + 2 * 5 * url.len());
    for (i, part) in PARTS.iter().enumerate() {
        if i > 0 {
            escape(&mut out, url);
        }
        out.extend_from_slice(part.as_bytes());
    }
    Body::from(out)
}

fn escape(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_leads_to_the_url_and_to_nothing_else() {
        let page = html("https://a.example/?a=1&b=\"><script>'");
        let page = std::str::from_utf8(page.as_ref()).unwrap();
        let escaped = "https://a.example/?a=1&amp;b=&#34;&gt;&lt;script&gt;&#39;";
        assert!(page.contains(&format!("content=\"0;url={escaped}\"")), "{page}");
        assert!(page.contains(&format!("href=\"{escaped}\"")) && !page.contains("<script"), "{page}");
    }

    /// An opener that records its arguments, the page's mode and the page.
    #[test]
    #[cfg(unix)]
    fn opener_gets_no_url_and_the_page_is_removed() {
        use std::os::unix::fs::PermissionsExt;

        // Run by a shell, for a file that was just written may be busy.
        let home = std::env::temp_dir().join(format!("sts-opener-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        let program = home.join("opener");
        let script = format!(
            "#!/bin/sh\necho \"$@\" > '{0}/arguments'\ncp -p \"$1\" '{0}/page'\ntest -f '{0}/works'\n",
            home.display()
        );
        fs::write(&program, script).unwrap();
        let opener = Opener { program: "/bin/sh".into(), before: vec![program.to_str().unwrap().to_owned()] };
        let url = "https://signin.aws.amazon.com/federation?Action=login&SigninToken=s3cret";
        for works in [false, true] {
            if works {
                fs::write(home.join("works"), "").unwrap();
            }
            assert_eq!(open_by(&opener, url, Duration::ZERO).is_ok(), works);
            let arguments = fs::read_to_string(home.join("arguments")).unwrap();
            assert!(!arguments.contains("s3cret") && !arguments.contains("https:"), "{arguments}");
            let page = home.join("page");
            assert!(fs::read_to_string(&page).unwrap().contains("SigninToken=s3cret\""));
            assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);
            assert!(!Path::new(arguments.trim()).exists());
            assert!(!Path::new(arguments.trim()).parent().unwrap().exists());
        }
        let missing = Opener { program: home.join("missing"), before: Vec::new() };
        assert!(open_by(&missing, url, Duration::ZERO).unwrap_err().text().contains("leave --open out"));
        fs::remove_dir_all(&home).unwrap();
    }
}
