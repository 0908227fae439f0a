use crate::world::*;

#[test]
fn hello() {
    let began = std::time::Instant::now();
    let r = SHARED.get("/api/rows/problems").by("office").send();
    println!("{:?} {} {}", began.elapsed(), r.status, r.text().len());
}
