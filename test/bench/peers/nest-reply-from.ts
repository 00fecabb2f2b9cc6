// Nest on Fastify with @fastify/reply-from, putting one header on. Nothing is checked.
import 'reflect-metadata';
import replyFrom from '@fastify/reply-from';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { peerSettings } from './peer-settings.js';

const { destination, port, authorization } = peerSettings();

@Controller()
class PeerController {
  @Get('*')
  proxy(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    void reply.from(request.url, {
      rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization }),
    });
  }
}

@Module({ controllers: [PeerController] })
class PeerModule {}

const app = await NestFactory.create<NestFastifyApplication>(PeerModule, new FastifyAdapter(), {
  logger: false,
});
await app.register(replyFrom, { base: destination, undici: { connections: 64 } });
await app.listen(port, '127.0.0.1');
