// Nest on Express with http-proxy-middleware, putting one header on. Nothing is checked.
import 'reflect-metadata';
import { Agent } from 'node:http';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { peerSettings } from './peer-settings.js';

const { destination, port, authorization } = peerSettings();

@Module({})
class PeerModule {}

const app = await NestFactory.create(PeerModule, new ExpressAdapter(), { logger: false });
app.use(
  createProxyMiddleware({
    target: destination,
    headers: { authorization },
    agent: new Agent({ keepAlive: true, maxSockets: 64 }),
  }),
);
await app.listen(port, '127.0.0.1');
