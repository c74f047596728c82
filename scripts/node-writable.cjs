// Takes the place of a file of the package `readable-stream` in bundles: Node.js has the same.
module.exports = require('node:stream').Writable
