//! temporary
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let i = planner::instance::read(&std::fs::read(&a[1]).unwrap()).unwrap_or_else(|e| panic!("{e}"));
    let heats: Vec<f64> = a[4..].iter().map(|x| x.parse().unwrap()).collect();
    planner::trial(&i, a[2].parse().unwrap(), &heats, a[3].parse().unwrap());
}
