"""A WebSocket server (prints its port, echoes) or client (JSON in, JSON out), by the library websockets, unmodified."""
import asyncio
import json
import sys

import websockets


async def serve():
    async def echo(socket):
        async for message in socket:
            if message == 'bye':
                await socket.close(4001, 'as you wish')
                return
            await socket.send(message)

    async with websockets.serve(echo, '127.0.0.1', 0, subprotocols=['chat']) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


async def call(asked):
    headers = {'Authorization': asked['authorization']}
    try:
        async with websockets.connect(asked['url'], extra_headers=headers, subprotocols=['chat']) as socket:
            echoes = []
            for message in ['hello', 'x' * 300_000, b'\x00\xff' * 5_000]:
                await socket.send(message)
                echoes.append(await socket.recv() == message)
            await (await socket.ping())
            await socket.send('bye')
            await socket.wait_closed()
            names = [extension.name for extension in socket.extensions]
            return {'echoes': echoes, 'code': socket.close_code, 'reason': socket.close_reason,
                    'subprotocol': socket.subprotocol, 'extensions': names}
    except websockets.exceptions.InvalidStatusCode as refused:
        return {'status': refused.status_code}


if len(sys.argv) > 1:
    asyncio.run(serve())
else:
    print(json.dumps(asyncio.run(call(json.load(sys.stdin)))))
