package org.apache.zookeeper.server;

/** Takes the place of Apache's: tests name it, or get it where they name none. */
public class NettyServerCnxnFactory extends ProcessServerCnxnFactory {}
