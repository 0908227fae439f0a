//! The terminal beside a process that serves: it imports and rebuilds there, and nothing has to be stopped.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A few units under made-up codes.
const REGISTER: &str = "code,name,level,parent\n\
    81,示例省,province,\n\
    8199,示例市,city,81\n\
    819901,示例县,county,8199\n\
    819901100,示例镇,township,819901\n\
    819901100201,示例村村委会,village,819901100\n";

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn qianwan() -> Command {
    Command::new(env!("CARGO_BIN_EXE_qianwan"))
}

fn serve(data: &Path) -> Serving {
    let mut command = qianwan();
    command.args(["serve", "--plain", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let serving = Serving(child);
    let begun = Instant::now();
    while std::os::unix::net::UnixStream::connect(data.join("control.sock")).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it listens");
        std::thread::sleep(Duration::from_millis(20));
    }
    serving
}

fn run(data: &Path, args: &[&str]) -> Output {
    qianwan().args(args).arg("--data").arg(data).output().expect("it runs")
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn imports_and_rebuilds_beside_a_server_and_without_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, register) = (dir.path().join("data"), dir.path().join("register.csv"));
    fs::write(&register, REGISTER).expect("written");
    let register = register.to_str().expect("a path");

    let serving = serve(&data);
    let mode = fs::metadata(data.join("control.sock")).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for the owner only");
    let first = good(&run(&data, &["places", "import", "--json", register]));
    let first: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(first["facts"]["place.registered@1"], 5, "{first}");
    let again = good(&run(&data, &["places", "import", "--json", register]));
    assert!(again.starts_with("{\"doubtful\":0,\"facts\":{}"), "{again}");
    // Five places, and the rules that every installation starts with.
    let facts = format!("places: {}\n", 5 + domain::rules::starting_pack().len());
    assert_eq!(good(&run(&data, &["rebuild", "places"])), facts);
    assert_eq!(run(&data, &["rebuild", "nonsense"]).status.code(), Some(2));
    good(&run(&data, &["verify"]));

    drop(serving);
    assert!(data.join("control.sock").exists(), "it was killed and could not tidy up");
    assert_eq!(good(&run(&data, &["rebuild", "places"])), facts);
    let again = good(&run(&data, &["places", "import", "--json", register]));
    assert!(again.starts_with("{\"doubtful\":0,\"facts\":{}"), "{again}");
    drop(serve(&data));
}

#[test]
fn whoever_talks_nonsense_is_told_and_harms_nothing() {
    use std::io::{Read, Write};
    let dir = tempfile::tempdir().expect("a folder");
    let _serving = serve(dir.path());
    for nonsense in ["\n", "{}\n", "{\"rebuild\":{\"view\":\"nonsense\"}}\n", "{\"import\":{}}\n"] {
        let mut stream = std::os::unix::net::UnixStream::connect(dir.path().join("control.sock")).expect("somebody listens");
        stream.write_all(nonsense.as_bytes()).expect("sent");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("an answer");
        assert!(said.starts_with("{\"failed\":{\"why\":"), "{nonsense:?}: {said}");
    }
    good(&run(dir.path(), &["verify"]));
}

#[test]
fn a_folder_too_deep_for_a_socket_is_served_all_the_same() {
    use std::io::{BufRead, BufReader};
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("d".repeat(120));
    let mut command = qianwan();
    command.args(["serve", "--plain", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut serving = Serving(child);
    let mut link = String::new();
    let out = serving.0.stdout.take().expect("piped");
    BufReader::new(out).read_line(&mut link).expect("a line");
    assert!(link.contains("/welcome?token="), "{link:?}");
}
