// Takes the place of the package `bindings` in bundles, which looks for better-sqlite3's native part at a dozen places: it is
// here that its installation puts what it has downloaded or built.
module.exports = (name) => require(`better-sqlite3/build/Release/${name}`)
