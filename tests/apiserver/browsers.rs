//! The HAR file in the developer tools of browsers: read by their own importers.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::{PATIENCE, eventually, peer};
use crate::world::{Cluster, Ended, World};

/// A HAR file of a run of kubectl, and what is in it: method, status, address and body of each.
fn recorded(world: &World<'_>) -> (String, Vec<Value>) {
    let kubectl = world.cluster.bin.join("kubectl");
    let args = ["get", "namespaces", "-o", "json"];
    let ran = world.tapped(&["--bodies", "full", "--har", "run.har"], &kubectl, &args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let text = fs::read_to_string(world.path("run.har")).unwrap();
    let har: Value = serde_json::from_str(&text).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    let of = |entry: &Value| {
        let (request, response) = (&entry["request"], &entry["response"]);
        let text = &response["content"]["text"];
        json!([request["method"], response["status"], request["url"], text])
    };
    let wanted: Vec<Value> = entries.iter().map(of).collect();
    assert!(wanted.len() >= 2, "{wanted:?}");
    let whole = |one: &Value| one[3].as_str().is_some_and(|text| text.contains("kube-system"));
    assert!(wanted.iter().any(whole), "{wanted:?}");
    (text, wanted)
}

#[test]
fn chromes_developer_tools_read_the_har_file() {
    let Some(chromium) = peer::need("chromium") else { return };
    let world = Cluster::get().world("certificate");
    let (har, wanted) = recorded(&world);
    let mut browser = Browser::start(&chromium, world.dir.path());
    browser.open("devtools://devtools/bundled/devtools_app.html");
    eventually("the tools are there", || browser.value("document.readyState") == "complete");
    // What its network panel does with a file that is dropped onto it.
    let read = browser.value(&format!(
        "(async () => {{
            const har = await import('devtools://devtools/bundled/models/har/har.js');
            const root = new har.HARFormat.HARRoot(JSON.parse({}));
            const requests = har.Importer.Importer.requestsFromHARLog(root.log);
            const told = async one => [one.requestMethod, one.statusCode, one.url(),
                (await one.requestContentData()).text];
            return Promise.all(requests.map(told));
        }})()",
        Value::from(har.as_str())
    ));
    assert_eq!(read, Value::from(wanted));
}

/// Firefox, driven by its own remote protocol, Marionette: `LENGTH:JSON` over TCP.
struct Firefox {
    _process: Ended,
    stream: BufReader<TcpStream>,
    asked: u64,
}

impl Firefox {
    fn start(program: &Path, dir: &Path) -> Self {
        let port = {
            let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            any.local_addr().unwrap().port()
        };
        fs::create_dir(dir.join("firefox")).unwrap();
        let settings = format!("user_pref(\"marionette.port\", {port});\n");
        fs::write(dir.join("firefox/user.js"), settings).unwrap();
        let mut command = Command::new(program);
        command.args(["--headless", "--marionette", "--remote-allow-system-access"]);
        command.args(["--no-remote", "--profile"]).arg(dir.join("firefox")).env("HOME", dir);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let log = File::create(dir.join("firefox.log")).unwrap();
        let process = Ended(command.stderr(log).spawn().unwrap());
        let mut connected = None;
        eventually("Firefox listens", || {
            connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
            connected.is_some()
        });
        let stream = connected.unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut firefox = Self { _process: process, stream: BufReader::new(stream), asked: 0 };
        firefox.message();
        firefox.call("WebDriver:NewSession", &json!({}));
        firefox.call("Marionette:SetContext", &json!({ "value": "chrome" }));
        firefox
    }

    fn message(&mut self) -> Value {
        let mut length = Vec::new();
        self.stream.read_until(b':', &mut length).unwrap();
        let length = std::str::from_utf8(&length).unwrap().trim_end_matches(':');
        let mut bytes = vec![0; length.parse().unwrap()];
        self.stream.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn call(&mut self, command: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let text = json!([0, self.asked, command, parameters]).to_string();
        let message = format!("{}:{text}", text.len());
        self.stream.get_mut().write_all(message.as_bytes()).unwrap();
        let mut answer = self.message();
        assert!(answer[2].is_null(), "{command}: {answer}");
        answer[3]["value"].take()
    }
}

#[test]
fn firefoxs_developer_tools_read_the_har_file() {
    let Some(firefox) = peer::need("firefox-esr") else { return };
    let world = Cluster::get().world("certificate");
    let (har, wanted) = recorded(&world);
    let mut firefox = Firefox::start(&firefox, world.dir.path());
    // What its network monitor does with a file that is dropped onto it.
    let script = "
        const { require } = ChromeUtils.importESModule('resource://devtools/shared/loader/Loader.sys.mjs');
        const { HarImporter } = require('devtools/client/netmonitor/src/har/har-importer');
        const read = new Map();
        new HarImporter({
            clearRequests() {}, batchFlush() {}, flush() {}, addTimingMarker() {},
            addRequest: (id, one) => read.set(id, [one.method, null, one.url, null]),
            updateRequest: (id, one) => {
                read.get(id)[1] = Number(one.status);
                read.get(id)[3] = one.responseContent.content.text;
            },
        }).import(arguments[0]);
        return JSON.stringify([...read.values()]);";
    let read = firefox.call("WebDriver:ExecuteScript", &json!({ "script": script, "args": [har] }));
    let read: Value = serde_json::from_str(read.as_str().unwrap()).unwrap();
    assert_eq!(read, Value::from(wanted));
}
