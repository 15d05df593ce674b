//! Chromium, driven over a pair of pipes, and what it shows.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::PATIENCE;

/// Of the window, in pixels.
pub(crate) const WIDTH: u32 = 1200;
pub(crate) const HEIGHT: u32 = 800;

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

/// A browser that is spoken to by the protocol of its own developer tools.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    session: Option<String>,
    asked: u64,
    /// What the page has complained of.
    pub(crate) complaints: Vec<String>,
}

impl Browser {
    pub(crate) fn start(program: &Path, dir: &Path) -> Self {
        for pipe in ["to", "from"] {
            mkfifo(&dir.join(pipe), Mode::S_IRWXU).unwrap();
        }
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 3<to 4>from"]).arg(program);
        // Its sandbox wants rights that root in a container does not have.
        command.args([
            "--headless=new",
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
        ]);
        command.args(["--no-first-run", "--disable-dev-shm-usage", "--disable-extensions"]);
        command.arg(format!("--user-data-dir={}", dir.join("profile").display()));
        command.current_dir(dir).env("HOME", dir).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(File::create(dir.join("browser.log")).unwrap());
        let child = command.spawn().unwrap();
        let to = OpenOptions::new().write(true).open(dir.join("to")).unwrap();
        let from = File::open(dir.join("from")).unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for message in BufReader::new(from).split(0) {
                let Ok(message) = message else { return };
                let message = serde_json::from_slice(&message).expect("the browser speaks JSON");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let complaints = Vec::new();
        let mut browser = Self { child, to, from: receiver, session: None, asked: 0, complaints };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = browser.call(
            "Target.attachToTarget",
            &json!({ "targetId": target["targetId"], "flatten": true }),
        );
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, &json!({}));
        }
        let size =
            json!({ "width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", &size);
        browser.dress("light");
        browser
    }

    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        loop {
            let mut message = self.from.recv_timeout(PATIENCE).expect("the browser answers");
            if message["id"] == self.asked {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
            if message["method"] == "Log.entryAdded"
                || message["method"] == "Runtime.exceptionThrown"
            {
                self.complaints.push(message.to_string());
            }
        }
    }

    /// What an expression is on the page; of a promise, what it becomes.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut told = self.call("Runtime.evaluate", &params);
        assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
        told["result"]["value"].take()
    }

    /// Goes to a page, which takes a moment to be there.
    pub(crate) fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({ "url": url }));
    }

    pub(crate) fn dress(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    pub(crate) fn click(&mut self, [x, y]: [u32; 2]) {
        for kind in ["mousePressed", "mouseReleased"] {
            let params = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &params);
        }
    }

    pub(crate) fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key });
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    pub(crate) fn picture(&mut self) -> Picture {
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let png = BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        Picture::read(&png)
    }

    /// Where the elements are: left, top, right, bottom.
    pub(crate) fn places(&mut self, selector: &str) -> Vec<[u32; 4]> {
        let list = format!(
            "[...document.querySelectorAll({selector:?})].map(e => e.getBoundingClientRect())\
             .filter(r => r.width).map(r => [r.left, r.top, r.right, r.bottom].map(Math.round))"
        );
        serde_json::from_value(self.value(&list)).unwrap()
    }

    pub(crate) fn texts(&mut self, selector: &str) -> Vec<String> {
        let list = format!(
            "[...document.querySelectorAll({selector:?})].filter(e => e.offsetParent !== null)\
             .map(e => e.innerText)"
        );
        serde_json::from_value(self.value(&list)).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A screenshot.
pub(crate) struct Picture {
    bytes: Vec<u8>,
    each: usize,
}

impl Picture {
    fn read(png: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!((info.width, info.height), (WIDTH, HEIGHT));
        Self { bytes, each: info.color_type.samples() }
    }

    pub(crate) fn at(&self, x: u32, y: u32) -> Colour {
        let start = (y * WIDTH + x) as usize * self.each;
        self.bytes[start..start + 3].try_into().unwrap()
    }
}
