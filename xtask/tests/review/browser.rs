//! The page in a headless Chromium, driven by chromium-driver. Without them the test says that it is skipped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::project::{Project, TABLE};

/// A browser with one page; ends with its driver.
struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    _profile: tempfile::TempDir,
}

fn driver() -> Option<(Child, u16)> {
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut lines = BufReader::new(child.stdout.take()?).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.rsplit_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // What it says later is read, so that it is never held up by a full pipe.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    Some((child, port.expect("chromedriver says its port")))
}

impl Browser {
    fn start() -> Option<Self> {
        let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())?;
        let (driver, port) = driver()?;
        let profile = tempfile::tempdir().expect("a folder");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .build()
            .into();
        let mut browser = Browser {
            driver,
            agent,
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let profile = browser._profile.path().display().to_string();
        let answer = browser.post(
            "",
            &json!({ "capabilities": { "alwaysMatch": {
                "goog:loggingPrefs": { "browser": "ALL" },
                "goog:chromeOptions": { "binary": chromium, "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--window-size=1200,900", format!("--user-data-dir={profile}"),
                ] },
            } } }),
        );
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        let mut answer: Value = self
            .agent
            .post(format!("{}{command}", self.session))
            .send_json(body)
            .expect("chromedriver answers")
            .body_mut()
            .read_json()
            .expect("JSON");
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{command}: {value}");
        value
    }

    fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What a script gives back.
    fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn key(&self, key: &str) {
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keys", "actions": [
                { "type": "keyDown", "value": key }, { "type": "keyUp", "value": key },
            ] }] }),
        );
    }

    fn shown(&self) -> Value {
        self.run("return [...document.querySelectorAll('article')].filter(a => a.checkVisibility()).map(a => a.dataset.name)")
    }

    fn choose(&self, field: &str, value: &str) {
        self.run(&format!(
            "const f = document.getElementById('{field}'); f.value = '{value}'; f.dispatchEvent(new Event('input'))"
        ));
    }

    fn errors(&self) -> Value {
        self.post("/se/log", &json!({ "type": "browser" }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

#[test]
fn the_page_filters_opens_and_shows_no_error() {
    let Some(browser) = Browser::start() else {
        eprintln!(
            "skipped: there is no chromium and chromedriver (apt install chromium chromium-driver)"
        );
        return;
    };
    let project = Project::new();
    project.pend("grows", &format!("grow => <b>failed</b>\n{TABLE}"));
    let page = project.path("page.html");
    let output = project.review(&["--html", &page.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    browser.open(&format!("file://{}", page.display()));

    let all = json!(["grows", "loses_a_page", "shows_something"]);
    assert_eq!(browser.shown(), all);
    for (field, value, shown) in [
        ("rule", "R16", json!(["loses_a_page"])),
        ("finding", "F03", json!(["loses_a_page"])),
        ("state", "equal", json!(["grows"])),
        ("driver", "toy", all.clone()),
        ("search", "deeper than anything", json!([])),
    ] {
        browser.choose(field, value);
        assert_eq!(browser.shown(), shown, "{field}");
        browser.key(ESCAPE);
        assert_eq!(browser.shown(), all, "{field}");
    }

    // By keyboard: what waits, then the first one, then open.
    browser.key("p");
    assert_eq!(browser.shown(), json!(["grows"]));
    browser.key("j");
    browser.key(ENTER);
    let open = "return document.querySelector('article[data-name=grows] > details').open";
    assert_eq!(browser.run(open), json!(true));
    let words = "return [...document.querySelectorAll('article[data-name=grows] .words ins')].map(e => e.textContent).join('')";
    assert_eq!(browser.run(words), json!("<b>failed</b>"));
    let picture = "const r = document.querySelector('article[data-name=grows] svg rect.huge').getBoundingClientRect(); \
                   return r.width > 0 && r.height > 0";
    assert_eq!(browser.run(picture), json!(true));

    // An address space of another grammar, with what an earlier moment had as an outline.
    let drawn = "return ['mapped', 'gone'].map(c => document.querySelectorAll(`article[data-name=loses_a_page] svg rect.${c}`).length)";
    assert_eq!(browser.run(drawn), json!([3, 1]));

    // Text is text, and nothing is loaded.
    assert_eq!(
        browser.run("return window.attacked === undefined"),
        json!(true)
    );
    assert_eq!(
        browser.run("return document.querySelectorAll('main img, main b').length"),
        json!(0)
    );
    assert_eq!(
        browser.run("return performance.getEntriesByType('resource').filter(r => !r.name.startsWith('data:')).length"),
        json!(0)
    );

    // What the move makes of the driver, from the committed board.
    let row = "return [...document.querySelectorAll('#board tbody td')].slice(-4).map(e => e.textContent)";
    assert_eq!(browser.run(row), json!(["41", "40", "1", "100 → 90"]));

    // Dark where the reader wants it dark.
    let colours = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]";
    let prefer = |scheme: &str| {
        browser.post(
            "/goog/cdp/execute",
            &json!({ "cmd": "Emulation.setEmulatedMedia", "params": {
                "features": [{ "name": "prefers-color-scheme", "value": scheme }],
            } }),
        );
        browser.run(colours)
    };
    assert_eq!(
        prefer("light"),
        json!(["rgb(255, 255, 255)", "rgb(28, 28, 30)"])
    );
    assert_eq!(
        prefer("dark"),
        json!(["rgb(22, 24, 29)", "rgb(230, 231, 234)"])
    );

    // A phone: nothing is wider than the screen but what scrolls by itself.
    browser.key(ESCAPE);
    browser.post("/window/rect", &json!({ "width": 500, "height": 800 }));
    let fits = "return document.documentElement.scrollWidth <= window.innerWidth";
    assert_eq!(browser.run(fits), json!(true));

    assert_eq!(browser.errors(), json!([]));
}
