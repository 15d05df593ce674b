//! The page of `--view`, in a real browser: what is seen, clicked and typed.

use std::fs;

use serde_json::{Value, json};

use crate::support::browser::{Browser, Colour, WIDTH};
use crate::support::{devkit, eventually, folder, peer, run};

/// The page's own, in its light and its dark dress.
const GROUND: Colour = [0xff, 0xff, 0xff];
const DARK_GROUND: Colour = [0x14, 0x17, 0x1c];
const WAIT: Colour = [0xa9, 0xc4, 0xee];
const RECEIVE: Colour = [0x2f, 0x6f, 0xd6];
const CHOSEN: Colour = [0xdf, 0xea, 0xfc];

/// Two runs of kubectl: one that went well, and one that did not.
fn har() -> Value {
    let entry = |id: u64, run: &str, start: &str, time: f64, path: &str, status: u16| {
        let wait = time / 2.0;
        json!({
            "startedDateTime": format!("2026-01-02T03:04:05.{start}Z"), "time": time,
            "request": {
                "method": "GET", "url": format!("https://127.0.0.1:6443{path}"),
                "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [], "headersSize": -1,
                "bodySize": 0, "headers": [{ "name": "Accept", "value": format!("asked-{id}") }],
            },
            "response": {
                "status": status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": [{ "name": "Audit-Id", "value": format!("answered-{id}") }],
                "content": {
                    "size": 30, "mimeType": "application/json",
                    "text": format!("{{\"kind\":\"</script><img src=x onerror=boom()>{id}\"}}"),
                },
                "redirectURL": "", "headersSize": -1, "bodySize": 30,
            },
            "cache": {}, "timings": { "send": 0, "wait": wait, "receive": wait },
            "_id": id, "_run": { "session": format!("session of {run}"), "command": run },
        })
    };
    json!({ "log": {
        "version": "1.2", "creator": { "name": "devkit", "version": "0" }, "pages": [],
        "entries": [
            entry(1, "kubectl get", "000", 100.0, "/api/v1/pods", 200),
            entry(2, "kubectl get", "200", 300.0, "/api/v1/nodes", 200),
            entry(3, "kubectl apply", "600", 50.0, "/apis/apps/v1/deployments", 409),
            entry(4, "kubectl apply", "700", 100.0, "/api/v1/services", 200),
        ],
    } })
}

#[test]
fn the_page_shows_all_in_a_real_browser() {
    let Some(chromium) = peer::need("chromium") else { return };
    let dir = folder();
    fs::write(dir.path().join("run.har"), har().to_string()).unwrap();
    let mut view = devkit(dir.path(), ["kubecerts", "tap", "--view", "run.har"]);
    view.args(["--out", "run.html"]);
    assert_eq!(run(view).code, Some(0));
    let mut browser = Browser::start(&chromium, dir.path());
    browser.open(&format!("file://{}", dir.path().join("run.html").display()));
    let loaded = "document.readyState + document.querySelectorAll('.row').length";
    eventually("the page is there", || browser.value(loaded) == "complete4");

    // By kubectl run, and within it by time: each bar where and as long as it says.
    assert_eq!(browser.texts(".group b:first-child").len(), 2 + 4);
    // What is not laid out yet has no text on the screen.
    eventually("the runs are laid out", || {
        browser.texts(".group > button b") == ["kubectl get", "kubectl apply"]
    });
    let picture = browser.picture();
    let bars = browser.places(".bar span");
    let [first, second, third, fourth] = bars[..] else { panic!("{bars:?}") };
    assert!(first[2] < second[0] && third[2] < fourth[0], "one after the other: {bars:?}");
    let length = |bar: [u32; 4]| f64::from(bar[2] - bar[0]);
    assert!((length(second) / length(first) - 3.0).abs() < 0.2, "{bars:?}");
    for [left, top, right, bottom] in bars {
        let middle = u32::midpoint(top, bottom);
        let at = [left - 3, u32::midpoint(left, right) - 3, right - 3];
        let seen = at.map(|x| picture.at(x, middle));
        assert_eq!(seen, [GROUND, WAIT, RECEIVE], "at {at:?}, {middle}");
    }

    // A click shows request and response, side by side; what a peer sent is text.
    let rows = browser.places(".row");
    browser.click([rows[2][0] + 300, u32::midpoint(rows[2][1], rows[2][3])]);
    let sides = browser.texts(".side");
    assert!(sides[0].contains("asked-3") && !sides[0].contains("answered"), "{sides:?}");
    assert!(sides[1].contains("answered-3") && !sides[1].contains("asked"), "{sides:?}");
    assert!(sides[1].contains("</script><img src=x onerror=boom()>3"), "{sides:?}");
    let places = browser.places(".side");
    assert!(places[0][2] <= places[1][0] && places[0][1] == places[1][1], "{places:?}");
    let picture = browser.picture();
    let marked = |row: [u32; 4]| picture.at(row[2] - 4, row[1] + 3);
    assert_eq!([1, 2, 3].map(|row| marked(rows[row])), [GROUND, CHOSEN, GROUND]);

    // Searching: a key leads there, and what does not match is gone from the picture.
    browser.press("/");
    assert_eq!(browser.value("document.activeElement.id"), "search");
    browser.call("Input.insertText", &json!({ "text": "kubectl get nodes" }));
    eventually("it is searched", || browser.texts("#count") == ["1 of 4 requests"]);
    let found = browser.texts(".row .what");
    assert!(found.len() == 1 && found[0].contains("/api/v1/nodes"), "{found:?}");
    let picture = browser.picture();
    let below = browser.places(".row")[0][3] + 40;
    assert_eq!(picture.at(WIDTH / 2, below), GROUND);

    browser.dress("dark");
    assert_eq!(browser.picture().at(WIDTH / 2, below), DARK_GROUND);
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
